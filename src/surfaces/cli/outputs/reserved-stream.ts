import { closeSync, constants, fstatSync, openSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { inChunks, type Pieces } from './chunks.js';
import { type OutputPlace, unwritable } from './output-place.js';
import { reasonOf, WriteFailure } from './write-failure.js';

/** Poll interval for a pipe without a reader. */
const LOOK_MS = 50;
/** Nobody types `cat FIFO` in another terminal faster. */
const SAID_AFTER_MS = 1000;
/** A pipe holds 64 KiB, so this allows 32 MB per second. */
const FULL_MS = 2;
const STANDARD_OUTPUT = 1;

const { O_WRONLY, O_NONBLOCK, O_NOCTTY } = constants;

/** What ends the wait for a reader, and who is notified of it. */
export interface Waiting {
  /** Aborted with the error to throw. */
  signal?: AbortSignal;
  say?(text: string): void;
}

/** A device, a pipe or an open descriptor: written in place, not replaced. A pipe never blocks this process. */
export class ReservedStream {
  /** Undefined: a pipe without a reader so far. */
  #descriptor: number | undefined;
  #isOpen = true;

  private constructor(
    /** As shown in the summary. */
    readonly path: string,
    private readonly name: string,
    private readonly place: Exclude<OutputPlace, { kind: 'file' }>,
  ) {
    this.#descriptor = this.#open();
  }

  /** Throws UsageError when nothing can be written there. */
  static reserve(path: string, place: Exclude<OutputPlace, { kind: 'file' }>): ReservedStream {
    try {
      return new ReservedStream(path, path, place);
    } catch (error) {
      throw unwritable(path, error);
    }
  }

  static standardOutput(): ReservedStream {
    return new ReservedStream('-', 'standard output', { kind: 'descriptor', descriptor: STANDARD_OUTPUT });
  }

  /** Whether writing may wait for a reader. */
  get mayWait(): boolean {
    return this.place.kind !== 'device';
  }

  /** Returns the size in bytes. Throws WriteFailure, or the reason that ended the wait. */
  async commit(pieces: Pieces, waiting: Waiting = {}): Promise<number> {
    try {
      this.#descriptor ??= await this.#reader(waiting);
      let size = 0;
      for (const chunk of inChunks(pieces)) size += await writeWhole(this.#descriptor, chunk, waiting.signal);
      return size;
    } catch (error) {
      if (waiting.signal?.aborted) throw waiting.signal.reason;
      if (this.#isStandardOutput && (error as NodeJS.ErrnoException).code === 'EPIPE') return 0; // the reader has exited
      throw new WriteFailure(this.name, reasonOf(error, '/dev/stdout'));
    } finally {
      this.discard();
    }
  }

  /** Closes it. A reader waiting for a writer sees the end of the pipe instead of waiting forever. */
  discard(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    const descriptor = this.#descriptor ?? this.#openQuietly();
    const isInherited = this.place.kind === 'descriptor' && descriptor === this.place.descriptor;
    if (descriptor !== undefined && !isInherited) closeSync(descriptor);
  }

  get #isStandardOutput(): boolean {
    return this.place.kind === 'descriptor' && this.place.descriptor === STANDARD_OUTPUT;
  }

  #open(): number | undefined {
    const { place } = this;
    if (place.kind === 'device') return openSync(place.file, O_WRONLY | O_NOCTTY);
    if (place.kind === 'pipe') return openPipe(place.file);
    if (!fstatSync(place.descriptor).isFIFO()) return place.descriptor;
    // Reopened, because other holders of the same open file description may not expect O_NONBLOCK.
    return this.#openQuietly() ?? place.descriptor;
  }

  #openQuietly(): number | undefined {
    const { place } = this;
    try {
      return openPipe(place.kind === 'descriptor' ? `/proc/self/fd/${place.descriptor}` : place.file);
    } catch {
      return undefined; // for example another user's pipe
    }
  }

  async #reader({ signal, say }: Waiting): Promise<number> {
    for (let waitedMs = 0; ; waitedMs += LOOK_MS) {
      const descriptor = this.#open();
      if (descriptor !== undefined) return descriptor;
      signal?.throwIfAborted();
      if (waitedMs === SAID_AFTER_MS) say?.(`waiting for a reader of ${this.path} (Ctrl-C gives up)`);
      await sleep(LOOK_MS);
    }
  }
}

/** Undefined if it has no reader. */
function openPipe(path: string): number | undefined {
  try {
    return openSync(path, O_WRONLY | O_NONBLOCK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENXIO') return undefined;
    throw error;
  }
}

async function writeWhole(
  descriptor: number,
  bytes: Uint8Array,
  signal: AbortSignal | undefined,
): Promise<number> {
  for (let written = 0; written < bytes.length; ) {
    try {
      written += writeSync(descriptor, bytes, written);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      signal?.throwIfAborted();
      await sleep(FULL_MS);
    }
  }
  return bytes.length;
}
