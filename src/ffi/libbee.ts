import { createRequire } from 'node:module';
import type { KoffiFunc } from 'koffi';
import { NativeError } from './native-error.js';
import { findNativeFile, thisFile } from './native-files.js';

/** A session (SamplerConnection), symbol table or unwind table inside libbee. */
export type Handle = bigint;

const ABI_VERSION = 8;
/** About 100 bytes for each crate; asking for the size first would read the file twice. */
const USUAL_FACTS_BYTES = 128 << 10;
/** Enough for usual build ids in hex. */
const USUAL_BUILD_ID_BYTES = 64;
/** Enough for usual events. */
const USUAL_EVENT_BYTES = 64 << 10;

// Types that koffi takes and returns: 64-bit integers come back as number below 2^53, otherwise as bigint.
type Integer = number | bigint;
type Bytes = Uint8Array | null;
type SizedCall = (buffer: Bytes, capacity: number) => Integer;

const OPERATION = 'wait for the sampler';

interface Functions {
  abiVersion: KoffiFunc<() => number>;
  layout: KoffiFunc<(buffer: Bytes, capacity: number) => Integer>;
  lastError: KoffiFunc<(buffer: Bytes, capacity: number) => Integer>;
  sessionOpen: KoffiFunc<(socketPath: string | null) => Integer>;
  sessionNews: KoffiFunc<(session: Handle) => number>;
  sessionSend: KoffiFunc<(session: Handle, type: number, payload: Bytes, length: number) => number>;
  sessionNextEvent: KoffiFunc<(session: Handle, buffer: Bytes, capacity: number) => Integer>;
  sessionTaskResult: KoffiFunc<(session: Handle, task: number, buffer: Bytes, capacity: number) => Integer>;
  sessionTakeBatch: KoffiFunc<(session: Handle, flags: number, buffer: Bytes, capacity: number) => Integer>;
  sessionStatistics: KoffiFunc<(session: Handle, buffer: Bytes, capacity: number) => Integer>;
  sessionObjects: KoffiFunc<(session: Handle, buffer: Bytes, capacity: number) => Integer>;
  sessionAddObject: KoffiFunc<(session: Handle, id: number, path: string, flags: number) => number>;
  sessionKeepNames: KoffiFunc<
    (session: Handle, directory: string | null, stamp: string, maxBytes: number) => number
  >;
  sessionNameAhead: KoffiFunc<(session: Handle, flags: number) => number>;
  sessionSaveNames: KoffiFunc<(session: Handle) => Integer>;
  sessionMissingDebug: KoffiFunc<
    (session: Handle, object: number, buffer: Bytes, capacity: number) => Integer
  >;
  sessionClose: KoffiFunc<(session: Handle) => void>;
  sessionUseDebugCache: KoffiFunc<(session: Handle, folder: string | null) => number>;
  buildId: KoffiFunc<(path: string, buffer: Bytes, capacity: number) => Integer>;
  symbolize: KoffiFunc<(session: Handle, entries: Uint8Array, count: number, flags: number) => Integer>;
  elfFacts: KoffiFunc<(path: string, debugCache: string | null, buffer: Bytes, capacity: number) => Integer>;
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
  sessionNews: 'int32_t bee_session_news(uint64_t session)',
  sessionSend:
    'int32_t bee_session_send(uint64_t session, uint16_t type, const uint8_t *payload, uint64_t length)',
  sessionNextEvent: 'int64_t bee_session_next_event(uint64_t session, uint8_t *buffer, uint64_t capacity)',
  sessionTaskResult:
    'int64_t bee_session_task_result(uint64_t session, uint32_t task, uint8_t *buffer, uint64_t capacity)',
  sessionTakeBatch:
    'int64_t bee_session_take_batch(uint64_t session, uint32_t flags, uint8_t *buffer, uint64_t capacity)',
  sessionStatistics: 'int64_t bee_session_statistics(uint64_t session, uint8_t *buffer, uint64_t capacity)',
  sessionObjects: 'int64_t bee_session_objects(uint64_t session, uint8_t *buffer, uint64_t capacity)',
  sessionAddObject:
    'int32_t bee_session_add_object(uint64_t session, uint32_t id, const char *path, uint32_t flags)',
  sessionKeepNames:
    'int32_t bee_session_keep_names(uint64_t session, const char *directory, const char *stamp, uint64_t maxBytes)',
  sessionNameAhead: 'int32_t bee_session_name_ahead(uint64_t session, uint32_t flags)',
  sessionSaveNames: 'int64_t bee_session_save_names(uint64_t session)',
  sessionMissingDebug:
    'int64_t bee_session_missing_debug(uint64_t session, uint32_t object, uint8_t *buffer, uint64_t capacity)',
  sessionClose: 'void bee_session_close(uint64_t session)',
  sessionUseDebugCache: 'int32_t bee_session_use_debug_cache(uint64_t session, const char *folder)',
  buildId: 'int64_t bee_build_id(const char *path, uint8_t *buffer, uint64_t capacity)',
  symbolize:
    'int64_t bee_symbolize(uint64_t session, const uint8_t *entries, uint64_t count, uint32_t flags)',
  elfFacts:
    'int64_t bee_elf_facts(const char *path, const char *debugCache, uint8_t *buffer, uint64_t capacity)',
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
 * Typed calls into libbee. koffi checks no argument, so nothing else may call it. None waits: what takes long runs on
 * libbee's own threads, as a task. All throw NativeError.
 */
export class Libbee {
  readonly #functions: Functions;
  readonly #buffer = new Uint8Array(USUAL_EVENT_BYTES);

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

  /** The descriptor to read from; see native/ffi/src/abi/session_calls.rs. Once in a session. */
  sessionNews(session: Handle): number {
    return this.#checked(this.#functions.sessionNews(session), OPERATION);
  }

  sessionSend(session: Handle, type: number, payload: Uint8Array): void {
    const status = this.#functions.sessionSend(session, type, payload, payload.byteLength);
    this.#checked(status, 'send to the sampler');
  }

  /** The next event; undefined if there is none yet. */
  sessionNextEvent(session: Handle): Uint8Array | undefined {
    const call: SizedCall = (buffer, capacity) => this.#functions.sessionNextEvent(session, buffer, capacity);
    const event = this.#taken(OPERATION, call);
    return event.byteLength === 0 ? undefined : event;
  }

  /** The result of a task; undefined while it runs. */
  sessionTaskResult(session: Handle, task: number, operation: string): Uint8Array | undefined {
    const call: SizedCall = (buffer, capacity) =>
      this.#functions.sessionTaskResult(session, task, buffer, capacity);
    try {
      return this.#taken(operation, call);
    } catch (error) {
      if (error instanceof NativeError && error.code === 'EAGAIN') return undefined;
      throw error;
    }
  }

  /** The bytes that raw-batch.ts decodes. */
  sessionTakeBatch(session: Handle, flags: number): Uint8Array {
    return this.#bytes('take samples', (buffer, capacity) =>
      this.#functions.sessionTakeBatch(session, flags, buffer, capacity),
    );
  }

  sessionStatistics(session: Handle): unknown {
    return this.#json('read session statistics', session, this.#functions.sessionStatistics);
  }

  /** JSON. */
  sessionObjects(session: Handle): Uint8Array {
    return this.#bytes('read objects', (buffer, capacity) =>
      this.#functions.sessionObjects(session, buffer, capacity),
    );
  }

  sessionAddObject(session: Handle, id: number, path: string, flags: number): void {
    const status = this.#functions.sessionAddObject(session, id, path, flags);
    this.#checked(status, 'add object');
  }

  sessionKeepNames(session: Handle, directory: string | null, stamp: string, maxBytes: number): void {
    const status = this.#functions.sessionKeepNames(session, directory, stamp, maxBytes);
    this.#checked(status, 'use the symbol cache');
  }

  sessionNameAhead(session: Handle, flags: number): void {
    this.#checked(this.#functions.sessionNameAhead(session, flags), 'symbolize ahead');
  }

  /** Begins a task with an empty result. */
  sessionSaveNames(session: Handle): number {
    return this.#checked(Number(this.#functions.sessionSaveNames(session)), 'write the symbol cache');
  }

  sessionMissingDebug(session: Handle, object: number): string {
    const call: SizedCall = (buffer, capacity) =>
      this.#functions.sessionMissingDebug(session, object, buffer, capacity);
    return this.#text('look for a debug file', call, USUAL_BUILD_ID_BYTES);
  }

  sessionClose(session: Handle): void {
    this.#functions.sessionClose(session);
  }

  sessionUseDebugCache(session: Handle, folder: string | null): void {
    this.#checked(this.#functions.sessionUseDebugCache(session, folder), `use ${folder}`);
  }

  /** The build id in hex; empty if the file has none. */
  buildId(path: string): string {
    const call: SizedCall = (buffer, capacity) => this.#functions.buildId(path, buffer, capacity);
    return this.#text(`read ${path}`, call, USUAL_BUILD_ID_BYTES);
  }

  /** Begins a task, whose result is the symbol buffer; native/ffi/src/lib.rs describes it, symbol_calls.rs the flags. */
  symbolize(session: Handle, entries: Uint8Array, flags: number): number {
    const count = Math.floor(entries.byteLength / 16);
    return this.#checked(Number(this.#functions.symbolize(session, entries, count, flags)), 'symbolize');
  }

  /** The JSON that native/ffi/src/abi/file_calls.rs describes. */
  elfFacts(path: string, debugCache: string | null): unknown {
    const call: SizedCall = (buffer, capacity) =>
      this.#functions.elfFacts(path, debugCache, buffer, capacity);
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

  #lastError(): string {
    return this.#text('read error', this.#functions.lastError);
  }

  #json(operation: string, session: Handle, call: Functions['sessionStatistics']): unknown {
    return JSON.parse(this.#text(operation, (buffer, capacity) => call(session, buffer, capacity)));
  }

  /** What the call hands out once, when the buffer has room for it. */
  #taken(operation: string, call: SizedCall): Uint8Array {
    const size = this.#checked(Number(call(this.#buffer, this.#buffer.byteLength)), operation);
    if (size <= this.#buffer.byteLength) return this.#buffer.slice(0, size);
    const large = new Uint8Array(size);
    this.#checked(Number(call(large, size)), operation);
    return large;
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
