import { closeSync, mkdirSync, openSync, type Stats, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { Hold } from '../../../capture/sampler/hold.js';
import { UsageError } from '../../../cargo/command/usage-error.js';
import { lockName, removeAbandonedOutputs, removeQuietly } from './abandoned-outputs.js';
import type { Pieces } from './chunks.js';
import { localTime } from './local-time.js';
import { type FilePlace, findOutputPlace, unwritable } from './output-place.js';
import { ReservedStream } from './reserved-stream.js';
import { TemporaryFile } from './temporary-file.js';
import { reasonOf, UnwritableOutput, WriteFailure } from './write-failure.js';

/** Throws UsageError if nothing can be written there. */
export function reserveOutput(path: string): ReservedFile | ReservedStream {
  const place = findOutputPlace(path);
  return place.kind === 'file'
    ? ReservedFile.reserve(path, place)
    : ReservedStream.reserve(resolve(path), place);
}

/** The final paths of this process's reserved files, with the names that the user typed. */
const reserved = new Map<string, string>();

/**
 * A file that will be whole or absent: a temporary file is created next to it now, so that a bad path is rejected before
 * the target starts, and renamed into place once the content is complete.
 */
export class ReservedFile {
  #temporary: TemporaryFile | undefined;

  private constructor(
    /** Absolute, as typed. */
    readonly path: string,
    /** The same with a final link resolved: where the content ends up. */
    private readonly file: string,
    private readonly found: Stats | undefined,
    /** Keeps another run from taking the same new name. */
    private readonly lock?: Lock,
  ) {
    this.#temporary = TemporaryFile.beside(file, found);
    reserved.set(file, path);
  }

  /** Throws UsageError if nothing can be written there, or if it exists and is not a regular file. */
  static reserve(path: string, place = findFilePlace(path)): ReservedFile {
    const other = reserved.get(place.file);
    if (other !== undefined)
      throw new UnwritableOutput(
        path,
        other === resolve(path) ? 'it is given for two outputs' : `it is the same file as ${other}`,
      );
    try {
      return new ReservedFile(resolve(path), place.file, place.found);
    } catch (error) {
      throw error instanceof UnwritableOutput ? error : unwritable(path, error);
    }
  }

  /** Like `reserve`, for a path that must be new; undefined if it exists or another run has reserved it. */
  static reserveNew(path: string): ReservedFile | undefined {
    const absolute = resolve(path);
    if (isThere(absolute)) return undefined;
    const file = ReservedFile.#openNew(absolute);
    // The other run may have written its file and released its reservation since the first check.
    if (file === undefined || !isThere(absolute)) return file;
    file.discard();
    return undefined;
  }

  static #openNew(path: string): ReservedFile | undefined {
    let lock: Lock | undefined;
    try {
      lock = makeLock(join(dirname(path), lockName(basename(path))));
      return lock && new ReservedFile(path, path, undefined, lock);
    } catch (error) {
      if (lock !== undefined) removeLock(lock);
      throw error instanceof UnwritableOutput ? error : unwritable(path, error);
    }
  }

  /** Writes and renames; returns the size in bytes. Throws WriteFailure and then leaves nothing behind. */
  commit(pieces: Pieces): number {
    if (this.#temporary === undefined) throw new Error(`${this.path} was already written`);
    try {
      if (!this.#temporary.isThere) this.#renew();
      return this.#temporary.become(this.file, pieces);
    } catch (error) {
      throw new WriteFailure(this.path, reasonOf(error, this.path));
    } finally {
      this.discard();
    }
  }

  /** Removes the reservation; does nothing after a commit. */
  discard(): void {
    const temporary = this.#temporary;
    if (temporary === undefined) return;
    this.#temporary = undefined;
    reserved.delete(this.file);
    temporary.discard();
    if (this.lock !== undefined) removeLock(this.lock);
  }

  /** The target may have emptied the folder: `cargo clean`, or a test that recreates it. */
  #renew(): void {
    const renewed = TemporaryFile.beside(this.file, this.found);
    this.#temporary?.discard();
    this.#temporary = renewed;
  }
}

/** Throws UsageError if that cannot be determined. */
function isThere(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch (error) {
    throw unwritable(path, error);
  }
}

function findFilePlace(path: string): FilePlace {
  const place = findOutputPlace(path);
  if (place.kind === 'file') return place;
  throw new UnwritableOutput(path, 'it is not a regular file');
}

interface Lock {
  path: string;
  hold: Hold;
}

/** Undefined if another run holds it. */
function makeLock(path: string): Lock | undefined {
  try {
    return Hold.make(() => {
      closeSync(openSync(path, 'wx', 0o600));
      return path;
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return undefined;
    throw error;
  }
}

function removeLock({ path, hold }: Lock): void {
  removeQuietly(path);
  hold.release();
}

/** `DIRECTORY/NAME-2026-01-31T12-00-00.svg`, with `-2`, `-3`, … if that exists (or `isTaken`): never overwrites a file. */
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
    throw new UsageError(
      `cannot create ${directory}: ${reasonOf(error, directory)}`,
      '--svg FILE   writes elsewhere',
    );
  }
  removeAbandonedOutputs(directory); // frees their names
  const stem = `${name.replace(/[^\w.-]+/g, '_')}-${localTime(now)}`;
  for (let attempt = 1; ; attempt++) {
    const numbered = attempt === 1 ? stem : `${stem}-${attempt}`;
    if (isTaken(directory, numbered)) continue;
    const file = ReservedFile.reserveNew(join(directory, `${numbered}${extension}`));
    if (file !== undefined) return file;
  }
}
