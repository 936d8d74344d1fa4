import { closeSync, openSync, writeSync } from 'node:fs';
import type { DebuginfodSettings } from './settings.js';

/** What a server must send per timeout span, as in elfutils' client. */
const LEAST_BYTES = 100 << 10;
const ELF_MAGIC = Buffer.from('\x7fELF', 'latin1');

export type DownloadLimits = Pick<DebuginfodSettings, 'timeoutMs' | 'maxTimeMs' | 'maxBytes'>;

/** Why a server's answer is rejected; the message completes a sentence that starts with the server. */
export class DownloadRefused extends Error {}

/** The file could not be written, which is not the server's fault. */
export class CacheFailure extends Error {}

/** Downloads `url` to the file at `path`; false if the server does not have it. Throws DownloadRefused and CacheFailure. */
export async function download(
  url: URL,
  path: string,
  limits: DownloadLimits,
  cancelled: AbortSignal,
): Promise<boolean> {
  using watch = new DownloadWatch(limits);
  const signal = AbortSignal.any([cancelled, watch.signal]);
  try {
    const headers = { 'x-debuginfod-maxsize': `${limits.maxBytes}` };
    const response = await fetch(url, { signal, headers });
    if (response.status === 200) await writeBody(response, path, watch);
    else await response.body?.cancel();
    if (![200, 404].includes(response.status)) throw new DownloadRefused(`answers with ${response.status}`);
    return response.status === 200;
  } catch (error) {
    throw asRefused(watch.signal.aborted ? watch.signal.reason : error);
  }
}

async function writeBody(response: Response, path: string, watch: DownloadWatch): Promise<void> {
  const file = orCacheFailure(() => openSync(path, 'r+'));
  try {
    for await (const chunk of response.body ?? []) {
      if (watch.bytes === 0) checkBegin(chunk);
      watch.add(chunk.byteLength);
      writeWhole(file, chunk);
    }
  } finally {
    closeSync(file);
  }
}

/** A filling disk accepts what still fits and reports the error only for the rest. */
function writeWhole(file: number, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length; )
    written += orCacheFailure(() => writeSync(file, bytes, written));
}

function orCacheFailure<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new CacheFailure((error as Error).message);
  }
}

/** A login page or a bogus file need not be read to its end. */
function checkBegin(chunk: Uint8Array): void {
  const begin = Buffer.from(chunk.subarray(0, ELF_MAGIC.length));
  if (!begin.equals(ELF_MAGIC.subarray(0, begin.length)))
    throw new DownloadRefused('sends a file that is not ELF');
}

/** Ends a download that is too slow, too long or too large. */
class DownloadWatch {
  bytes = 0;
  readonly #limits: DownloadLimits;
  readonly #controller = new AbortController();
  readonly #timers: NodeJS.Timeout[] = [];
  #bytesBefore = 0;

  constructor(limits: DownloadLimits) {
    this.#limits = limits;
    const { timeoutMs, maxTimeMs } = limits;
    if (timeoutMs !== undefined) this.#timers.push(setInterval(() => this.#checkPace(timeoutMs), timeoutMs));
    if (maxTimeMs !== undefined)
      this.#timers.push(setTimeout(() => this.#end(`takes longer than ${maxTimeMs / 1000} s`), maxTimeMs));
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  add(bytes: number): void {
    this.bytes += bytes;
    const { maxBytes } = this.#limits;
    if (this.bytes > maxBytes) throw new DownloadRefused(`sends more than ${maxBytes} bytes`);
  }

  [Symbol.dispose](): void {
    for (const timer of this.#timers) clearTimeout(timer);
  }

  #checkPace(timeoutMs: number): void {
    if (this.bytes - this.#bytesBefore < LEAST_BYTES)
      this.#end(`sends less than 100 KiB in ${timeoutMs / 1000} s`);
    this.#bytesBefore = this.bytes;
  }

  #end(why: string): void {
    this.#controller.abort(new DownloadRefused(why));
  }
}

/** fetch puts the reason into the innermost cause. */
function asRefused(error: unknown): DownloadRefused | CacheFailure {
  if (error instanceof DownloadRefused || error instanceof CacheFailure) return error;
  const { cause } = error as { cause?: unknown };
  if (cause instanceof Error) return asRefused(cause);
  return new DownloadRefused(`fails: ${error instanceof Error ? error.message : String(error)}`);
}
