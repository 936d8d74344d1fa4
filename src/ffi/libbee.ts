import { createRequire } from 'node:module';
import type { KoffiFunc } from 'koffi';
import { NativeError } from './native-error.js';
import { findNativeFile, thisFile } from './native-files.js';

/** A session (SamplerConnection), symbol table or unwind table inside libbee. */
export type Handle = bigint;

const ABI_VERSION = 7;
/** About 100 bytes for each crate; asking for the size first would read the file twice. */
const USUAL_FACTS_BYTES = 128 << 10;
/** Enough for usual build ids in hex. */
const USUAL_BUILD_ID_BYTES = 64;

// Types that koffi takes and returns: 64-bit integers come back as number below 2^53, otherwise as bigint.
type Integer = number | bigint;
type Bytes = Uint8Array | null;
type SizedCall = (buffer: Bytes, capacity: number) => Integer;

interface Functions {
  abiVersion: KoffiFunc<() => number>;
  layout: KoffiFunc<(buffer: Bytes, capacity: number) => Integer>;
  lastError: KoffiFunc<(buffer: Bytes, capacity: number) => Integer>;
  sessionOpen: KoffiFunc<(socketPath: string | null) => Integer>;
  sessionAccept: KoffiFunc<(session: Handle, timeoutMs: number) => number>;
  sessionSend: KoffiFunc<(session: Handle, type: number, payload: Bytes, length: number) => number>;
  sessionWait: KoffiFunc<(session: Handle, timeoutMs: number, buffer: Bytes, capacity: number) => Integer>;
  sessionCancel: KoffiFunc<(session: Handle) => number>;
  sessionError: KoffiFunc<(session: Handle, buffer: Bytes, capacity: number) => Integer>;
  sessionSamples: KoffiFunc<(session: Handle, buffer: Bytes, capacity: number) => Integer>;
  sessionStatistics: KoffiFunc<(session: Handle, buffer: Bytes, capacity: number) => Integer>;
  sessionObjects: KoffiFunc<(session: Handle, buffer: Bytes, capacity: number) => Integer>;
  sessionAddObject: KoffiFunc<(session: Handle, id: number, path: string, flags: number) => number>;
  sessionKeepNames: KoffiFunc<
    (session: Handle, directory: string | null, stamp: string, maxBytes: number) => number
  >;
  sessionNameAhead: KoffiFunc<(session: Handle, flags: number) => number>;
  sessionSaveNames: KoffiFunc<(session: Handle) => number>;
  sessionMissingDebug: KoffiFunc<
    (session: Handle, object: number, buffer: Bytes, capacity: number) => Integer
  >;
  sessionClose: KoffiFunc<(session: Handle) => void>;
  useDebugCache: KoffiFunc<(folder: string | null) => number>;
  buildId: KoffiFunc<(path: string, buffer: Bytes, capacity: number) => Integer>;
  symbolize: KoffiFunc<(session: Handle, entries: Uint8Array, count: number, flags: number) => Integer>;
  symbolsCopy: KoffiFunc<(symbols: Handle, buffer: Bytes, capacity: number) => Integer>;
  symbolsFree: KoffiFunc<(symbols: Handle) => void>;
  elfFacts: KoffiFunc<(path: string, buffer: Bytes, capacity: number) => Integer>;
  unwindOpen: KoffiFunc<(path: string) => Integer>;
  unwindRules: KoffiFunc<(table: Handle, buffer: Bytes, capacity: number) => Integer>;
  unwindRows: KoffiFunc<(table: Handle, first: number, buffer: Bytes, capacity: number) => Integer>;
  unwindClose: KoffiFunc<(table: Handle) => void>;
  signalsListen: KoffiFunc<(signals: bigint) => number>;
  tickCostNs: KoffiFunc<() => number | bigint>;
  signalQueue: KoffiFunc<(pid: number, signal: number, value: bigint) => number>;
}

const SIGNATURES: Record<keyof Functions, string> = {
  abiVersion: 'uint32_t bee_abi_version()',
  layout: 'int64_t bee_layout(uint8_t *buffer, uint64_t capacity)',
  lastError: 'int64_t bee_last_error(uint8_t *buffer, uint64_t capacity)',
  sessionOpen: 'uint64_t bee_session_open(const char *socketPath)',
  sessionAccept: 'int32_t bee_session_accept(uint64_t session, uint32_t timeoutMs)',
  sessionSend:
    'int32_t bee_session_send(uint64_t session, uint16_t type, const uint8_t *payload, uint64_t length)',
  sessionWait:
    'int64_t bee_session_wait(uint64_t session, uint32_t timeoutMs, uint8_t *buffer, uint64_t capacity)',
  sessionCancel: 'int32_t bee_session_cancel(uint64_t session)',
  sessionError: 'int64_t bee_session_error(uint64_t session, uint8_t *buffer, uint64_t capacity)',
  sessionSamples: 'int64_t bee_session_samples(uint64_t session, uint8_t *buffer, uint64_t capacity)',
  sessionStatistics: 'int64_t bee_session_statistics(uint64_t session, uint8_t *buffer, uint64_t capacity)',
  sessionObjects: 'int64_t bee_session_objects(uint64_t session, uint8_t *buffer, uint64_t capacity)',
  sessionAddObject:
    'int32_t bee_session_add_object(uint64_t session, uint32_t id, const char *path, uint32_t flags)',
  sessionKeepNames:
    'int32_t bee_session_keep_names(uint64_t session, const char *directory, const char *stamp, uint64_t maxBytes)',
  sessionNameAhead: 'int32_t bee_session_name_ahead(uint64_t session, uint32_t flags)',
  sessionSaveNames: 'int32_t bee_session_save_names(uint64_t session)',
  sessionMissingDebug:
    'int64_t bee_session_missing_debug(uint64_t session, uint32_t object, uint8_t *buffer, uint64_t capacity)',
  sessionClose: 'void bee_session_close(uint64_t session)',
  useDebugCache: 'int32_t bee_use_debug_cache(const char *folder)',
  buildId: 'int64_t bee_build_id(const char *path, uint8_t *buffer, uint64_t capacity)',
  symbolize:
    'uint64_t bee_symbolize(uint64_t session, const uint8_t *entries, uint64_t count, uint32_t flags)',
  symbolsCopy: 'int64_t bee_symbols_copy(uint64_t symbols, uint8_t *buffer, uint64_t capacity)',
  symbolsFree: 'void bee_symbols_free(uint64_t symbols)',
  elfFacts: 'int64_t bee_elf_facts(const char *path, uint8_t *buffer, uint64_t capacity)',
  unwindOpen: 'uint64_t bee_unwind_open(const char *path)',
  unwindRules: 'int64_t bee_unwind_rules(uint64_t table, uint8_t *buffer, uint64_t capacity)',
  unwindRows: 'int64_t bee_unwind_rows(uint64_t table, uint64_t first, uint8_t *buffer, uint64_t capacity)',
  unwindClose: 'void bee_unwind_close(uint64_t table)',
  signalsListen: 'int32_t bee_signals_listen(uint64_t signals)',
  tickCostNs: 'int64_t bee_tick_cost_ns()',
  signalQueue: 'int32_t bee_signal_queue(int32_t pid, int32_t signal, uint64_t value)',
};

let loaded: Libbee | undefined;

/** The library, loaded once. Throws NativeError if it is missing or has another version. */
export function loadLibbee(): Libbee {
  loaded ??= new Libbee(declareFunctions());
  return loaded;
}

/**
 * Typed calls into libbee. koffi checks no argument, so nothing else may call it. Blocking calls return promises and
 * run on libuv's pool. All throw or reject with NativeError.
 */
export class Libbee {
  readonly #functions: Functions;

  constructor(functions: Functions) {
    this.#functions = functions;
  }

  /** Offsets and enum values of bpf/record.h by name. */
  layout(): Record<string, number> {
    return JSON.parse(this.#text('layout', this.#functions.layout)) as Record<string, number>;
  }

  sessionOpen(socketPath: string | null): Handle {
    const handle = BigInt(this.#functions.sessionOpen(socketPath));
    if (handle === 0n) throw new NativeError('EIO', 'open session', this.#lastError());
    return handle;
  }

  async sessionAccept(session: Handle, timeoutMs: number): Promise<void> {
    const status = await callAsync(this.#functions.sessionAccept, session, timeoutMs);
    this.#checkSession(session, status, 'accept the sampler');
  }

  sessionSend(session: Handle, type: number, payload: Uint8Array): void {
    const status = this.#functions.sessionSend(session, type, payload, payload.byteLength);
    this.#checkSession(session, status, 'send to the sampler');
  }

  /** Size of the event: 0 on timeout; if larger than the buffer, the event was not taken. */
  async sessionWait(session: Handle, timeoutMs: number, buffer: Uint8Array): Promise<number> {
    const size = Number(
      await callAsync(this.#functions.sessionWait, session, timeoutMs, buffer, buffer.byteLength),
    );
    this.#checkSession(session, size, 'wait for the sampler');
    return size;
  }

  sessionCancel(session: Handle): void {
    this.#functions.sessionCancel(session);
  }

  sessionSamples(session: Handle): Uint8Array {
    return this.#bytes('read samples', (buffer, capacity) =>
      this.#functions.sessionSamples(session, buffer, capacity),
    );
  }

  sessionStatistics(session: Handle): unknown {
    return this.#json('read session statistics', session, this.#functions.sessionStatistics);
  }

  sessionObjects(session: Handle): unknown {
    return this.#json('read objects', session, this.#functions.sessionObjects);
  }

  sessionAddObject(session: Handle, id: number, path: string, flags: number): void {
    const status = this.#functions.sessionAddObject(session, id, path, flags);
    this.#checkSession(session, status, 'add object');
  }

  sessionKeepNames(session: Handle, directory: string | null, stamp: string, maxBytes: number): void {
    const status = this.#functions.sessionKeepNames(session, directory, stamp, maxBytes);
    this.#checkSession(session, status, 'use the symbol cache');
  }

  sessionNameAhead(session: Handle, flags: number): void {
    this.#checkSession(session, this.#functions.sessionNameAhead(session, flags), 'symbolize ahead');
  }

  async sessionSaveNames(session: Handle): Promise<void> {
    const status = await callAsync(this.#functions.sessionSaveNames, session);
    this.#checkSession(session, status, 'write the symbol cache');
  }

  sessionMissingDebug(session: Handle, object: number): string {
    const call: SizedCall = (buffer, capacity) =>
      this.#functions.sessionMissingDebug(session, object, buffer, capacity);
    return this.#text('look for a debug file', call, USUAL_BUILD_ID_BYTES);
  }

  sessionClose(session: Handle): void {
    this.#functions.sessionClose(session);
  }

  useDebugCache(folder: string | null): void {
    this.#checked(this.#functions.useDebugCache(folder), `use ${folder}`);
  }

  /** The build id in hex; empty if the file has none. */
  buildId(path: string): string {
    const call: SizedCall = (buffer, capacity) => this.#functions.buildId(path, buffer, capacity);
    return this.#text(`read ${path}`, call, USUAL_BUILD_ID_BYTES);
  }

  /** The symbol buffer; native/ffi/src/lib.rs describes it and the flags. */
  async symbolize(session: Handle, entries: Uint8Array, flags: number): Promise<Uint8Array> {
    const count = Math.floor(entries.byteLength / 16);
    const symbols = BigInt(await callAsync(this.#functions.symbolize, session, entries, count, flags));
    if (symbols === 0n) throw new NativeError('EIO', 'symbolize', this.#sessionError(session));
    try {
      return this.#bytes('read symbols', (buffer, capacity) =>
        this.#functions.symbolsCopy(symbols, buffer, capacity),
      );
    } finally {
      this.#functions.symbolsFree(symbols);
    }
  }

  /** The JSON that native/ffi/src/lib.rs describes. */
  elfFacts(path: string): unknown {
    const call: SizedCall = (buffer, capacity) => this.#functions.elfFacts(path, buffer, capacity);
    const bytes = this.#bytes(`read ${path}`, call, USUAL_FACTS_BYTES);
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  }

  unwindOpen(path: string): Handle {
    const table = BigInt(this.#functions.unwindOpen(path));
    if (table === 0n) throw new NativeError('ENOEXEC', `read ${path}`, this.#lastError());
    return table;
  }

  /** An array of `struct bee_unwind_rule`. */
  unwindRules(table: Handle): Uint8Array {
    return this.#bytes('read unwind rules', (buffer, capacity) =>
      this.#functions.unwindRules(table, buffer, capacity),
    );
  }

  /** Fills the buffer with rows from number `first` on; returns their size in bytes, 0 after the last. */
  unwindRows(table: Handle, first: number, buffer: Uint8Array): number {
    const size = Number(this.#functions.unwindRows(table, first, buffer, buffer.byteLength));
    return this.#checked(size, 'read unwind rows');
  }

  unwindClose(table: Handle): void {
    this.#functions.unwindClose(table);
  }

  /** Returns the descriptor to read from (format: native/ffi/src/lib.rs). Bit 0 of `signals` is signal 1. */
  signalsListen(signals: bigint): number {
    return this.#checked(this.#functions.signalsListen(signals), 'listen for signals');
  }

  /** The cost of a sampling timer's tick on this machine. Takes 40 ms to measure. */
  tickCostNs(): number {
    const ns = Number(this.#functions.tickCostNs());
    this.#checked(Math.min(ns, 0), 'time a perf event');
    return ns;
  }

  signalQueue(pid: number, signal: number, value: bigint): void {
    this.#checked(this.#functions.signalQueue(pid, signal, value), `signal process ${pid}`);
  }

  #checked(status: number, operation: string): number {
    if (status < 0) throw NativeError.fromStatus(status, operation, this.#lastError());
    return status;
  }

  #checkSession(session: Handle, status: number, operation: string): void {
    if (status < 0) throw NativeError.fromStatus(status, operation, this.#sessionError(session));
  }

  /** A closed session has no error text of its own. */
  #sessionError(session: Handle): string {
    try {
      return this.#text('read error', (buffer, capacity) =>
        this.#functions.sessionError(session, buffer, capacity),
      );
    } catch {
      return 'The session is closed.';
    }
  }

  #lastError(): string {
    return this.#text('read error', this.#functions.lastError);
  }

  #json(operation: string, session: Handle, call: Functions['sessionObjects']): unknown {
    return JSON.parse(this.#text(operation, (buffer, capacity) => call(session, buffer, capacity)));
  }

  #text(operation: string, call: SizedCall, guessBytes?: number): string {
    return Buffer.from(this.#bytes(operation, call, guessBytes)).toString('utf8');
  }

  /** Asks for the size, or guesses it, and then for the bytes; repeats if they outgrew the buffer. */
  #bytes(operation: string, call: SizedCall, guessBytes?: number): Uint8Array {
    let size = guessBytes ?? Number(call(null, 0));
    for (;;) {
      if (size < 0) throw NativeError.fromStatus(size, operation, this.#lastError());
      const buffer = new Uint8Array(size);
      const needed = Number(call(buffer, size));
      if (needed >= 0 && needed <= size) return buffer.subarray(0, needed);
      size = needed;
    }
  }
}

function declareFunctions(): Functions {
  const path = findNativeFile('libbee.so');
  const koffi = createRequire(thisFile())('koffi') as typeof import('koffi');
  const library = loadLibrary(koffi, path);
  const declared = Object.entries(SIGNATURES).map(([name, signature]) => [name, library.func(signature)]);
  const functions = Object.fromEntries(declared) as Functions;
  const version = functions.abiVersion();
  if (version !== ABI_VERSION) {
    const message = `${path} has ABI ${version}, and this package needs ${ABI_VERSION}`;
    throw new NativeError('EPROTONOSUPPORT', 'load libbee', message);
  }
  return functions;
}

function loadLibrary(koffi: typeof import('koffi'), path: string): ReturnType<typeof koffi.load> {
  try {
    return koffi.load(path);
  } catch (error) {
    throw new NativeError('ELIBACC', 'load libbee', error instanceof Error ? error.message : String(error));
  }
}

/** Arguments of calls in progress: koffi does not keep buffers alive while native code still writes to them. */
const inFlight = new Set<readonly unknown[]>();

function callAsync<A extends unknown[], R>(call: KoffiFunc<(...args: A) => R>, ...args: A): Promise<R> {
  inFlight.add(args);
  return new Promise((resolve, reject) => {
    call.async(...args, (error: unknown, result: R) => {
      inFlight.delete(args);
      if (error) reject(error);
      else resolve(result);
    });
  });
}
