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
import { inChunks, type Pieces } from './chunks.js';
import { UnwritableOutput } from './write-failure.js';

/** A file next to the final one, which it will replace. */
export class TemporaryFile {
  #descriptor: number | undefined;

  private constructor(
    private readonly path: string,
    descriptor: number,
    private readonly hold: Hold,
  ) {
    this.#descriptor = descriptor;
  }

  /** `found`: the file to replace, if any. Throws the system's error, and UnwritableOutput. */
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

  /** Writes the whole content and renames it to `file`; returns its size in bytes. */
  become(file: string, pieces: Pieces): number {
    let size = 0;
    for (const chunk of inChunks(pieces)) size += writeWhole(this.#descriptor!, chunk);
    this.#close(); // a network file system may report only now that it is full
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

/** Asks the kernel as `checkReplaceable` does: in an append-only folder, files can be created but not renamed. */
function checkRenamable(temporary: string, file: string): void {
  try {
    rmdirSync(temporary);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return;
    const folder = dirname(temporary);
    throw new UnwritableOutput(
      file,
      'its folder is append-only, so an output cannot be renamed into place',
      shellLine(['sudo', 'chattr', '-a', folder]),
    );
  }
}

function writeWhole(descriptor: number, bytes: Uint8Array): number {
  for (let written = 0; written < bytes.length; ) written += writeSync(descriptor, bytes, written);
  return bytes.length;
}
