import {
  closeSync,
  existsSync,
  fchmodSync,
  openSync,
  renameSync,
  rmdirSync,
  type Stats,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Hold } from '../../../capture/sampler/hold.js';
import { shellLine } from '../../../cargo/command/shell-line.js';
import { removeAbandonedOutputs, removeQuietly, temporaryName } from './abandoned-outputs.js';
import { UnwritableOutput } from './write-failure.js';

/** The neighbour of a file that will take its place. */
export class TemporaryFile {
  #descriptor: number | undefined;

  private constructor(
    private readonly path: string,
    descriptor: number,
    private readonly hold: Hold,
  ) {
    this.#descriptor = descriptor;
  }

  /** `found`: what is in that place now. Throws what the system says, and UnwritableOutput. */
  static beside(file: string, found: Stats | undefined): TemporaryFile {
    const folder = dirname(file);
    removeAbandonedOutputs(folder);
    let descriptor: number | undefined;
    const { path, hold } = Hold.make(() => {
      if (descriptor !== undefined) closeSync(descriptor);
      const name = join(folder, temporaryName(basename(file)));
      descriptor = openSync(name, 'wx', 0o666);
      return name;
    });
    const temporary = new TemporaryFile(path, descriptor!, hold);
    try {
      if (found !== undefined) fchmodSync(descriptor!, found.mode & 0o777);
      checkRenamable(path, file);
      return temporary;
    } catch (error) {
      temporary.discard();
      throw error;
    }
  }

  get isThere(): boolean {
    return existsSync(this.path);
  }

  /** Writes it whole, and puts it into the place of `file`; returns its size in bytes. */
  become(file: string, pieces: Iterable<string>): number {
    let size = 0;
    for (const piece of pieces) size += writeWhole(this.#descriptor!, Buffer.from(piece));
    this.#close(); // a file system over the network may say only now that it has no room
    renameSync(this.path, file);
    return size;
  }

  discard(): void {
    this.#close();
    removeQuietly(this.path);
    this.hold.release();
  }

  #close(): void {
    const descriptor = this.#descriptor;
    this.#descriptor = undefined;
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/** Asks the kernel as `checkReplaceable` does: in a folder that is append-only, files can be made and not renamed. */
function checkRenamable(temporary: string, file: string): void {
  try {
    rmdirSync(temporary);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return;
    const folder = dirname(temporary);
    throw new UnwritableOutput(
      file,
      'its folder is append-only, and an output is renamed when it is whole',
      shellLine(['sudo', 'chattr', '-a', folder]),
    );
  }
}

function writeWhole(descriptor: number, bytes: Buffer): number {
  for (let written = 0; written < bytes.length; ) written += writeSync(descriptor, bytes, written);
  return bytes.length;
}
