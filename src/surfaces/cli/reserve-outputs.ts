import {
  closeSync,
  existsSync,
  fchmodSync,
  mkdirSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { systemErrorText } from '../../capture/system-error-text.js';
import { lockName, lockOwner, removeStaleReservations, temporaryName } from './stale-reservations.js';
import { UsageProblem } from './usage-problem.js';

/** An output could not be written when everything else was done: a full disk, a folder that has gone. */
export class WriteFailure extends Error {
  override readonly name = 'WriteFailure';

  constructor(
    readonly path: string,
    readonly reason: string,
  ) {
    super(`cannot write ${path}: ${reason}`);
  }
}

/**
 * A file that will be whole or absent: its temporary neighbour is created now, so that a bad path is refused before
 * the program starts, and renamed into place when the content is complete.
 */
export class ReservedFile {
  #descriptor: number | undefined;

  private constructor(
    /** Absolute, as the user named it. */
    readonly path: string,
    /** The same without links: where the content ends up. */
    private readonly file: string,
    /** Equal to `file` for devices and pipes, which are written and not replaced. */
    private readonly temporary: string,
    descriptor: number,
    /** Held against another run that wants the same new name. */
    private readonly lock?: string,
  ) {
    this.#descriptor = descriptor;
  }

  /** Throws UsageProblem when nothing can be written there. */
  static reserve(path: string): ReservedFile {
    const absolute = resolve(path);
    try {
      return ReservedFile.#open(absolute);
    } catch (error) {
      throw new UsageProblem(
        `cannot write ${path}: ${reasonOf(error, absolute)}`,
        adviceFor(error, absolute),
      );
    }
  }

  /** Like `reserve`, for a path that must be new; undefined when it exists or another run has reserved it. */
  static reserveNew(path: string): ReservedFile | undefined {
    const absolute = resolve(path);
    if (isThere(absolute)) return undefined;
    const file = ReservedFile.#openNew(absolute);
    // The other run may have written its file, and given up its reservation, since we looked.
    if (file === undefined || !isThere(absolute)) return file;
    file.discard();
    return undefined;
  }

  static #openNew(path: string): ReservedFile | undefined {
    const lock = join(dirname(path), lockName(basename(path)));
    try {
      symlinkSync(lockOwner(), lock);
      return ReservedFile.#openLocked(path, lock);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return undefined;
      throw new UsageProblem(`cannot write ${path}: ${reasonOf(error, path)}`, adviceFor(error, path));
    }
  }

  static #openLocked(path: string, lock: string): ReservedFile {
    try {
      return ReservedFile.#open(path, lock);
    } catch (error) {
      rmSync(lock, { force: true });
      throw error;
    }
  }

  static #open(path: string, lock?: string): ReservedFile {
    const found = statSync(path, { throwIfNoEntry: false });
    if (found?.isDirectory()) throw Object.assign(new Error('it is a directory'), { code: 'EISDIR' });
    if (found !== undefined && !found.isFile())
      return new ReservedFile(path, path, path, openSync(path, 'w'));
    // A link is followed: a rename onto it would put a file in the place of /dev/stdout or of somebody's `latest`.
    const file = found === undefined ? path : realpathSync(path);
    removeStaleReservations(dirname(file));
    const temporary = join(dirname(file), temporaryName(basename(file)));
    const descriptor = openSync(temporary, 'wx', 0o666);
    if (found !== undefined) fchmodSync(descriptor, found.mode & 0o777);
    return new ReservedFile(path, file, temporary, descriptor, lock);
  }

  /** False for devices and pipes. */
  get isReplaced(): boolean {
    return this.temporary !== this.file;
  }

  /** Writes and renames; returns the size in bytes. Throws WriteFailure, and leaves nothing then. */
  commit(content: string): number {
    return this.commitPieces([content]);
  }

  /** The same for what is too long to be one string. */
  commitPieces(pieces: Iterable<string>): number {
    const descriptor = this.#descriptor;
    if (descriptor === undefined) throw new Error(`${this.path} was already written`);
    try {
      let size = 0;
      for (const piece of pieces) size += writeWhole(descriptor, Buffer.from(piece));
      this.#close();
      if (this.isReplaced) renameSync(this.temporary, this.file);
      this.#unlock();
      return size;
    } catch (error) {
      this.discard();
      throw new WriteFailure(this.path, reasonOf(error, this.path));
    }
  }

  /** Removes what was reserved; does nothing after a commit. */
  discard(): void {
    if (this.#descriptor !== undefined) this.#close();
    if (this.isReplaced) rmSync(this.temporary, { force: true });
    this.#unlock();
  }

  #unlock(): void {
    if (this.lock !== undefined) rmSync(this.lock, { force: true });
  }

  #close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }
}

/** Throws UsageProblem where that is not to be seen. */
function isThere(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch (error) {
    throw new UsageProblem(`cannot write ${path}: ${reasonOf(error, path)}`, adviceFor(error, path));
  }
}

function writeWhole(descriptor: number, bytes: Buffer): number {
  for (let written = 0; written < bytes.length; ) written += writeSync(descriptor, bytes, written);
  return bytes.length;
}

/** `DIRECTORY/NAME-2026-01-31T12-00-00.svg`, with `-2`, `-3`, … where that exists (or `isTaken`): nothing is ever overwritten. */
export function reserveUnique(
  directory: string,
  name: string,
  extension: string,
  now: Date,
  isTaken: (directory: string, stem: string) => boolean = () => false,
): ReservedFile {
  try {
    mkdirSync(directory, { recursive: true });
  } catch (error) {
    throw new UsageProblem(
      `cannot create ${directory}: ${reasonOf(error, directory)}`,
      '--svg FILE   writes elsewhere',
    );
  }
  removeStaleReservations(directory); // their names are free again
  const stem = `${name.replace(/[^\w.-]+/g, '_')}-${localTime(now)}`;
  for (let attempt = 1; ; attempt++) {
    const numbered = attempt === 1 ? stem : `${stem}-${attempt}`;
    if (isTaken(directory, numbered)) continue;
    const file = ReservedFile.reserveNew(join(directory, `${numbered}${extension}`));
    if (file !== undefined) return file;
  }
}

function localTime(now: Date): string {
  const two = (value: number) => String(value).padStart(2, '0');
  const date = [now.getFullYear(), two(now.getMonth() + 1), two(now.getDate())].join('-');
  return `${date}T${[now.getHours(), now.getMinutes(), now.getSeconds()].map(two).join('-')}`;
}

/** `path`: absolute. */
export function reasonOf(error: unknown, path: string): string {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT' && existsSync(dirname(path))) return 'nothing can be created in that folder';
  const known: Record<string, string> = {
    ENOENT: 'the folder does not exist',
    ENOTDIR: 'the folder is a file',
    EACCES: 'permission denied',
    EROFS: 'the file system is read-only',
    ENOSPC: 'the disk is full',
    EISDIR: 'it is a directory',
    EEXIST: 'another run is writing it',
  };
  return known[code ?? ''] ?? systemErrorText(error);
}

function adviceFor(error: unknown, path: string): string {
  return (error as NodeJS.ErrnoException).code === 'ENOENT' && !existsSync(dirname(path))
    ? `mkdir -p ${dirname(path)}`
    : '';
}
