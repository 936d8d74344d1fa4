import { statSync } from 'node:fs';
import { type Handle, type Libbee, loadLibbee } from './libbee.js';
import { NativeError } from './native-error.js';
import { findNativeFile } from './native-files.js';
import { decodeObjects, decodeRawBatch, type MappedObject, type RawBatch } from './raw-batch.js';
import { SessionNews, type Wait } from './session-news.js';

const EVENT_HEADER_BYTES = 4;
/** Not a message: the sampler has connected. */
const EVENT_CONNECTED = 0;
const OBJECT_IS_VDSO = 2;
const TAKE_FORGETS = 1;
const OPERATION = 'wait for the sampler';

/** A message of the sampler that libbee passes on instead of counting it. `type` is one of sampler-messages.ts. */
export interface SamplerEvent {
  type: number;
  payload: Uint8Array;
}

/** `orphanCount`: hits that the kernel counted for stacks that never arrived. */
export interface StackStatistics {
  uniqueStacks: number;
  orphanCount: number;
  names: SymbolCacheStatistics;
}

/**
 * What the symbol cache did: the number of addresses symbolized while the program ran (`ahead`), stored by earlier runs
 * (`fromDisk`), and resolved at the end (`resolved`); and what went wrong.
 */
export interface SymbolCacheStatistics {
  ahead: number;
  fromDisk: number;
  resolved: number;
  /** Dropped for lack of memory, and resolved again. */
  evicted: number;
  damagedFiles: number;
  unwrittenFiles: number;
}

/** Created when needed. */
export interface SymbolCacheFolder {
  directory: string;
  maxBytes: number;
}

/**
 * The connection to bee-sampler: libbee receives and counts, this class hands out the result. Only one `accept` or
 * `wait` at a time; none holds a thread. Every method throws NativeError. Closing is safe at any time and ends whatever
 * is waited for with `EPIPE`.
 */
export class SamplerConnection {
  readonly #libbee: Libbee;
  readonly #handle: Handle;
  readonly #news: SessionNews;
  #wait: Wait<SamplerEvent> | undefined;
  #isClosed = false;

  private constructor(libbee: Libbee, socketPath: string | null) {
    this.#libbee = libbee;
    this.#handle = libbee.sessionOpen(socketPath);
    this.#news = new SessionNews(() => libbee.sessionNews(this.#handle));
  }

  /** Listens on a unix socket (path below 108 bytes, in a directory of mode 0700). */
  static listen(socketPath: string): SamplerConnection {
    return new SamplerConnection(loadLibbee(), socketPath);
  }

  /** Symbolizes files that `addObject` registers; there are no samples. */
  static withoutSampler(): SamplerConnection {
    return new SamplerConnection(loadLibbee(), null);
  }

  /** Resolves when the sampler has connected. Rejects with `ETIMEDOUT`, `ECANCELED` (see `cancel`) or `EPIPE`. */
  async accept(timeoutMs: number): Promise<void> {
    const event = await this.#next(timeoutMs);
    if (event === null) throw new NativeError('ETIMEDOUT', OPERATION, 'The sampler did not connect in time.');
    if (event.type !== EVENT_CONNECTED)
      throw new NativeError('EISCONN', OPERATION, 'The sampler is already connected.');
  }

  send(type: number, payload: Uint8Array = new Uint8Array(0)): void {
    this.#libbee.sessionSend(this.#handle, type, payload);
  }

  /**
   * The next event, or null after `timeoutMs`. Rejects with `EPIPE` once the sampler has sent DONE and all events are
   * read, `ECONNRESET` if it died before, `EPROTO` if it sent nonsense, `ECANCELED` after `cancel`.
   */
  async wait(timeoutMs: number): Promise<SamplerEvent | null> {
    return await this.#next(timeoutMs);
  }

  /** Ends the `accept` or `wait` in progress with `ECANCELED`; without one it does nothing. */
  cancel(): void {
    this.#wait?.end(new NativeError('ECANCELED', OPERATION, 'Cancelled.'));
  }

  /**
   * What is new since the last take, up to the last tick or the end of the connection. With `forget`, libbee forgets the
   * tables of frames and stacks: the next batch begins new ones, and this one must be symbolized before it is taken.
   */
  take({ forget }: { forget: boolean }): RawBatch {
    return decodeRawBatch(this.#libbee.sessionTakeBatch(this.#handle, forget ? TAKE_FORGETS : 0));
  }

  /** The files that samples may name. */
  objects(): MappedObject[] {
    return decodeObjects(this.#libbee.sessionObjects(this.#handle));
  }

  statistics(): StackStatistics {
    return this.#libbee.sessionStatistics(this.#handle) as StackStatistics;
  }

  /** Registers a file that this process can read, for a connection without a sampler; `id` is 1 to 16383. A vdso's path is only a name. */
  addObject(id: number, path: string, { isVdso = false }: { isVdso?: boolean } = {}): void {
    this.#libbee.sessionAddObject(this.#handle, id, path, isVdso ? OBJECT_IS_VDSO : 0);
  }

  /** Turns the symbol cache on: in memory and, if given, in the folder that `saveSymbols` writes to. */
  keepSymbols(version: string, folder: SymbolCacheFolder | undefined): void {
    const { size, mtimeMs } = statSync(findNativeFile('libbee.so'));
    const stamp = `${version} ${size} ${mtimeMs}`;
    this.#libbee.sessionKeepNames(this.#handle, folder?.directory ?? null, stamp, folder?.maxBytes ?? 0);
  }

  /** Resolves addresses in the background as samples arrive, until `symbolize`. Call after `keepSymbols`. */
  symbolizeAhead(flags: number): void {
    this.#libbee.sessionNameAhead(this.#handle, flags);
  }

  /** Writes the symbol cache. Rejects if something could not be written, which only makes later runs slower. */
  async saveSymbols(): Promise<void> {
    await this.#resultOf(this.#libbee.sessionSaveNames(this.#handle), 'write the symbol cache');
  }

  /** Resolves encoded addresses; the entries and flags of `bee_symbolize`, and its buffer. */
  async symbolize(entries: Uint8Array, flags: number): Promise<Uint8Array> {
    return await this.#resultOf(this.#libbee.symbolize(this.#handle, entries, flags), 'symbolize');
  }

  /** Also looks for debug files in this cache folder of elfutils' debuginfod client. */
  useDebugCache(folder: string): void {
    this.#libbee.sessionUseDebugCache(this.#handle, folder);
  }

  /** Build id of the debug file that would say more about an object but is not on disk; empty if there is none. */
  missingDebugFile(id: number): string {
    return this.#libbee.sessionMissingDebug(this.#handle, id);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#libbee.sessionClose(this.#handle);
    this.#news.close(closedError());
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async #next(timeoutMs: number): Promise<SamplerEvent | null> {
    if (this.#isClosed) throw closedError();
    if (this.#wait !== undefined) throw new NativeError('EBUSY', OPERATION, 'Another wait is in progress.');
    this.#wait = this.#news.wait(() => this.#take(), timeoutMs);
    try {
      return await this.#wait.result;
    } finally {
      this.#wait = undefined;
    }
  }

  #take(): SamplerEvent | undefined {
    const event = this.#libbee.sessionNextEvent(this.#handle);
    return event && decodeEvent(event);
  }

  async #resultOf(task: number, operation: string): Promise<Uint8Array> {
    const attempt = () => this.#libbee.sessionTaskResult(this.#handle, task, operation);
    return (await this.#news.wait(attempt).result)!; // no timeout
  }
}

function closedError(): NativeError {
  return new NativeError('EPIPE', OPERATION, 'The session is closed.');
}

function decodeEvent(bytes: Uint8Array): SamplerEvent {
  const type = new DataView(bytes.buffer, bytes.byteOffset).getUint16(0, true);
  return { type, payload: bytes.subarray(EVENT_HEADER_BYTES) };
}
