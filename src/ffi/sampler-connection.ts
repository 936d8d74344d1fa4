import { statSync } from 'node:fs';
import { type Handle, type Libbee, loadLibbee } from './libbee.js';
import { NativeError } from './native-error.js';
import { findNativeFile } from './native-files.js';
import { decodeStackRecords, type StackRecord } from './stack-record.js';

const EVENT_HEADER_BYTES = 4;
const FIRST_BUFFER_BYTES = 64 << 10;
const OBJECT_IS_VDSO = 2;
const OPERATION = 'wait for the sampler';

/** A message of the sampler that libbee passes on instead of counting it. `type` is one of sampler-messages.ts. */
export interface SamplerEvent {
  type: number;
  payload: Uint8Array;
}

/** A mapped file: `path` as the target sees it, `buildId` in hex. */
export interface MappedObject {
  id: number;
  path: string;
  buildId: string;
  isVdso: boolean;
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
 * `wait` at a time. Every method throws NativeError. Closing is safe at any time and ends a wait with `EPIPE`.
 */
export class SamplerConnection {
  readonly #libbee: Libbee;
  readonly #handle: Handle;
  #buffer = new Uint8Array(FIRST_BUFFER_BYTES);
  #isCancelRequested = false;
  #isBlocking = false;
  #isClosed = false;
  // process.exit() waits for native calls in progress; without this it would hang until a wait's timeout.
  readonly #closeAtExit = (): void => this.close();

  private constructor(libbee: Libbee, socketPath: string | null) {
    this.#libbee = libbee;
    this.#handle = libbee.sessionOpen(socketPath);
    process.once('exit', this.#closeAtExit);
  }

  /** Listens on a unix socket (path below 108 bytes, in a directory of mode 0700). */
  static listen(socketPath: string): SamplerConnection {
    return new SamplerConnection(loadLibbee(), socketPath);
  }

  /** Symbolizes files that `addObject` registers; there are no samples. */
  static withoutSampler(): SamplerConnection {
    return new SamplerConnection(loadLibbee(), null);
  }

  /** For the symbolizer; invalid after `close`. */
  get handle(): Handle {
    return this.#handle;
  }

  /** Resolves when the sampler has connected. Rejects with `ETIMEDOUT`, `ECANCELED` (see `cancel`) or `EPIPE`. */
  async accept(timeoutMs: number): Promise<void> {
    await this.#blocking(() => this.#libbee.sessionAccept(this.#handle, timeoutMs));
  }

  send(type: number, payload: Uint8Array = new Uint8Array(0)): void {
    this.#libbee.sessionSend(this.#handle, type, payload);
  }

  /**
   * The next event, or null after `timeoutMs`. Rejects with `EPIPE` once the sampler has sent DONE and all events are
   * read, `ECONNRESET` if it died before, `EPROTO` if it sent nonsense, `ECANCELED` after `cancel`.
   */
  async wait(timeoutMs: number): Promise<SamplerEvent | null> {
    for (;;) {
      const size = await this.#blocking(() =>
        this.#libbee.sessionWait(this.#handle, timeoutMs, this.#buffer),
      );
      if (size === 0) return null;
      if (size <= this.#buffer.byteLength) return decodeEvent(this.#buffer.slice(0, size));
      this.#buffer = new Uint8Array(size);
    }
  }

  /** Ends the `accept` or `wait` in progress with `ECANCELED`; without one it does nothing. */
  cancel(): void {
    if (!this.#isBlocking || this.#isClosed) return;
    this.#isCancelRequested = true;
    this.#libbee.sessionCancel(this.#handle);
  }

  /** All unique stacks with their counts so far. */
  samples(): StackRecord[] {
    return decodeStackRecords(this.#libbee.sessionSamples(this.#handle));
  }

  objects(): MappedObject[] {
    const objects = this.#libbee.sessionObjects(this.#handle) as NativeObject[];
    return objects.map(({ id, path, buildId, vdso }) => ({ id, path, buildId, isVdso: vdso }));
  }

  statistics(): StackStatistics {
    return this.#libbee.sessionStatistics(this.#handle) as StackStatistics;
  }

  /** Registers a file that this process can read; `id` is 1 to 16383. A vdso's path is only a name. */
  addObject(id: number, path: string, { isVdso = false }: { isVdso?: boolean } = {}): void {
    this.#libbee.sessionAddObject(this.#handle, id, path, isVdso ? OBJECT_IS_VDSO : 0);
  }

  /** Turns the symbol cache on: in memory and, if given, in the folder that `saveSymbols` writes to. */
  keepSymbols(version: string, folder: SymbolCacheFolder | undefined): void {
    const { size, mtimeMs } = statSync(findNativeFile('libbee.so'));
    const stamp = `${version} ${size} ${mtimeMs}`;
    this.#libbee.sessionKeepNames(this.#handle, folder?.directory ?? null, stamp, folder?.maxBytes ?? 0);
  }

  /** Writes the symbol cache. Rejects if something could not be written, which only makes later runs slower. */
  async saveSymbols(): Promise<void> {
    await this.#libbee.sessionSaveNames(this.#handle);
  }

  /** Build id of the debug file that would say more about an object but is not on disk; empty if there is none. */
  missingDebugFile(id: number): string {
    return this.#libbee.sessionMissingDebug(this.#handle, id);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    process.removeListener('exit', this.#closeAtExit);
    this.#libbee.sessionClose(this.#handle);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async #blocking<T>(call: () => Promise<T>): Promise<T> {
    if (this.#isClosed) throw closedError();
    if (this.#isBlocking) throw new NativeError('EBUSY', OPERATION, 'Another wait is in progress.');
    this.#isBlocking = true;
    try {
      return await this.#repeatUnlessCancelled(call);
    } catch (error) {
      // Closed before the pool's thread began: the handle is already gone.
      if (this.#isClosed && hasCode(error, 'EBADF')) throw closedError();
      throw error;
    } finally {
      this.#isBlocking = false;
      this.#isCancelRequested = false;
    }
  }

  /** A cancel can reach libbee just after the call it was meant for; a later call that gets it instead is repeated. */
  async #repeatUnlessCancelled<T>(call: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await call();
      } catch (error) {
        if (this.#isCancelRequested || !hasCode(error, 'ECANCELED')) throw error;
      }
    }
  }
}

function closedError(): NativeError {
  return new NativeError('EPIPE', OPERATION, 'The session is closed.');
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof NativeError && error.code === code;
}

interface NativeObject {
  id: number;
  path: string;
  buildId: string;
  vdso: boolean;
}

function decodeEvent(bytes: Uint8Array): SamplerEvent {
  const type = new DataView(bytes.buffer, bytes.byteOffset).getUint16(0, true);
  return { type, payload: bytes.subarray(EVENT_HEADER_BYTES) };
}
