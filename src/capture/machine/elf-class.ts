import { closeSync, constants, openSync, readSync } from 'node:fs';

const MAGIC = '\x7fELF';
const CLASS_32 = 1;

/** Whether a file is a 32-bit ELF file; false if it cannot be read. */
export function isThirtyTwoBit(path: string): boolean {
  const header = Buffer.alloc(5);
  try {
    const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      readSync(descriptor, header, 0, header.length, 0);
    } finally {
      closeSync(descriptor);
    }
  } catch {
    return false;
  }
  return header.toString('latin1', 0, 4) === MAGIC && header[4] === CLASS_32;
}
