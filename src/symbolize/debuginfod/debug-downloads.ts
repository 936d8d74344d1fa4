import { posix } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readBuildId } from '../../ffi/elf-facts.js';
import { NativeError } from '../../ffi/native-error.js';
import type { MappedObject } from '../../ffi/raw-batch.js';
import type { SamplerConnection } from '../../ffi/sampler-connection.js';
import { ClientCache } from './client-cache.js';
import { DownloadRefused, download } from './download.js';
import { type DebuginfodSettings, shownServer } from './settings.js';

/** How often to look for newly mapped files. */
const LOOK_MS = 250;
const FILES_AT_ONCE = 8;
/** As the client accepts it. */
const BUILD_ID = /^(?:[0-9a-f]{2}){1,64}$/;

/** A debug file that is not on disk. */
interface Wanted {
  buildId: string;
  /** The object that needs it. */
  object: MappedObject;
}

/** Files that failed at the same place for the same reason. */
export interface DownloadFailure {
  place: string;
  why: string;
  files: readonly string[];
}

/** Debug files are listed by the name of the file that needs them. */
export interface DownloadReport {
  asked: number;
  came: number;
  late: readonly string[];
  failures: readonly DownloadFailure[];
}

/** Downloads the debug files of what a session maps, while the program runs. */
export class DebugDownloads {
  readonly #cache: ClientCache;
  readonly #looking: NodeJS.Timeout;
  readonly #closing = new AbortController();
  readonly #seen = new Set<number>();
  readonly #wanted = new Map<string, Wanted>();
  readonly #queue: Wanted[] = [];
  readonly #running = new Map<Wanted, Promise<void>>();
  readonly #failures = new Map<string, { place: string; why: string; files: Set<string> }>();
  #isCacheReady = false;
  #asked = 0;
  #came = 0;

  constructor(
    private readonly session: SamplerConnection,
    private readonly settings: DebuginfodSettings,
  ) {
    this.#cache = new ClientCache(settings.cacheFolder);
    this.#cache.lookInto(session);
    this.#looking = setInterval(() => this.#look(), LOOK_MS);
  }

  /** Reports what has arrived by now or arrives within `waitMs`. Unfinished downloads continue until `close`. */
  async settle(waitMs: number): Promise<DownloadReport> {
    clearInterval(this.#looking);
    this.#look();
    const waiting = new AbortController();
    const time = sleep(waitMs, undefined, { signal: waiting.signal }).catch(() => {});
    await Promise.race([this.#allRead(), time]);
    waiting.abort();
    return this.#report();
  }

  close(): void {
    clearInterval(this.#looking);
    this.#queue.length = 0;
    this.#closing.abort();
    this.#cache.dropAll();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async #allRead(): Promise<void> {
    while (this.#running.size > 0) await Promise.race(this.#running.values());
  }

  #report(): DownloadReport {
    const late = [...this.#running.keys(), ...this.#queue].map(({ object }) => nameOf(object));
    const failures = Array.from(this.#failures.values(), (failure) => ({
      ...failure,
      files: [...failure.files],
    }));
    return { asked: this.#asked, came: this.#came, late, failures };
  }

  #look(): void {
    if (this.settings.servers.length === 0) return;
    for (const object of this.session.objects()) {
      if (object.isVdso || this.#seen.has(object.id)) continue;
      this.#seen.add(object.id);
      this.#want(object);
    }
  }

  /** Repeated after a debug file arrived: what dwz moved out of it is another file. */
  #want(object: MappedObject): void {
    const buildId = this.session.missingDebugFile(object.id);
    if (!BUILD_ID.test(buildId) || this.#wanted.has(buildId)) return;
    const wanted = { buildId, object };
    this.#wanted.set(buildId, wanted);
    this.#queue.push(wanted);
    this.#begin();
  }

  #begin(): void {
    while (this.#running.size < FILES_AT_ONCE) {
      const wanted = this.#queue.shift();
      if (wanted === undefined) return;
      const getting = this.#get(wanted).finally(() => {
        this.#running.delete(wanted);
        this.#begin();
      });
      this.#running.set(wanted, getting);
    }
  }

  async #get(wanted: Wanted): Promise<void> {
    try {
      this.#isCacheReady ||= this.#cache.prepare();
      const known = this.#cache.look(wanted.buildId);
      if (known === 'nothing') await this.#ask(wanted);
      if (known === 'file')
        this.#fail(this.#cache.pathOf(wanted.buildId), 'has no debug information for that build id', wanted);
    } catch (error) {
      this.#fail(this.#cache.folder, `cannot be used: ${(error as Error).message}`, wanted);
    }
  }

  /** Asks all servers at once, as the client does; the first that has it cancels the others. */
  async #ask(wanted: Wanted): Promise<void> {
    this.#asked++;
    const found = new AbortController();
    const signal = AbortSignal.any([this.#closing.signal, found.signal]);
    const { servers } = this.settings;
    const answers = await Promise.all(
      servers.map((server) => this.#askServer(server, wanted, found, signal)),
    );
    if (this.#closing.signal.aborted) return;
    if (found.signal.aborted) {
      this.#came++;
      this.#want(wanted.object);
    } else if (answers.every((answer) => answer === 'absent')) this.#cache.noteMiss(wanted.buildId);
  }

  /** A full disk is not the server's fault. */
  #failAt(server: URL, error: unknown, wanted: Wanted): void {
    if (error instanceof DownloadRefused) this.#fail(shownServer(server), error.message, wanted);
    else this.#fail(this.#cache.folder, `cannot be used: ${(error as Error).message}`, wanted);
  }

  async #askServer(
    server: URL,
    wanted: Wanted,
    found: AbortController,
    signal: AbortSignal,
  ): Promise<'found' | 'absent' | 'failed'> {
    const { buildId } = wanted;
    const path = this.#cache.openUnfinished(buildId);
    try {
      const url = new URL(`buildid/${buildId}/debuginfo`, server);
      if (!(await download(url, path, this.settings, signal))) return 'absent';
      if (buildIdOf(path) !== buildId) throw new DownloadRefused('sends a file with another build id');
      this.#cache.keep(path, buildId);
      found.abort();
      return 'found';
    } catch (error) {
      if (!signal.aborted) this.#failAt(server, error, wanted);
      return 'failed';
    } finally {
      this.#cache.drop(path);
    }
  }

  #fail(place: string, why: string, { object }: Wanted): void {
    const failure = this.#failures.get(`${place} ${why}`) ?? { place, why, files: new Set() };
    failure.files.add(nameOf(object));
    this.#failures.set(`${place} ${why}`, failure);
  }
}

function buildIdOf(path: string): string | undefined {
  try {
    return readBuildId(path);
  } catch (error) {
    if (error instanceof NativeError) return undefined;
    throw error;
  }
}

function nameOf({ path }: MappedObject): string {
  return posix.basename(path).replace(/ \(deleted\)$/, '');
}
