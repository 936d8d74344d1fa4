import { readFileSync, writeFileSync } from 'node:fs';

/** Runs the action while `kernel.NAME` of the machine has another value. Needs root. */
export async function withKernelSetting<T>(
  name: string,
  value: number,
  action: () => T | Promise<T>,
): Promise<T> {
  const path = `/proc/sys/kernel/${name}`;
  const before = readFileSync(path, 'utf8');
  writeFileSync(path, `${value}\n`);
  try {
    return await action();
  } finally {
    writeFileSync(path, before);
  }
}
