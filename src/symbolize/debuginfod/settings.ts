import { existsSync } from 'node:fs';
import { join } from 'node:path';

type Environment = Readonly<Record<string, string | undefined>>;

/** The environment variables of elfutils' client, with its meaning. */
export interface DebuginfodSettings {
  /** Each ends with a slash. */
  servers: readonly URL[];
  /** Why words of DEBUGINFOD_URLS were rejected. */
  refused: readonly string[];
  cacheFolder: string;
  /** Time in which a server must send 100 KiB or the rest; undefined: unlimited. */
  timeoutMs: number | undefined;
  /** For a whole file. */
  maxTimeMs: number | undefined;
  maxBytes: number;
}

const DEFAULT_TIMEOUT_SECONDS = 90;
/** The debug files of browsers have 3 GB; without a limit, an endless body would fill the disk. */
const DEFAULT_MAX_BYTES = 8 * 2 ** 30;

/** Undefined: no server is asked and no cache is read. */
export function debuginfodSettings(env: Environment): DebuginfodSettings | undefined {
  const words = (env.DEBUGINFOD_URLS ?? '').split(/\s+/).filter(Boolean);
  if (words.length === 0) return undefined;
  const timeoutSeconds = wholeNumber(env.DEBUGINFOD_TIMEOUT) ?? DEFAULT_TIMEOUT_SECONDS;
  return {
    ...readServers(words),
    cacheFolder: cacheFolder(env),
    timeoutMs: positive(timeoutSeconds * 1000),
    maxTimeMs: positive((wholeNumber(env.DEBUGINFOD_MAXTIME) ?? 0) * 1000),
    maxBytes: positive(wholeNumber(env.DEBUGINFOD_MAXSIZE) ?? 0) ?? DEFAULT_MAX_BYTES,
  };
}

function readServers(words: readonly string[]): Pick<DebuginfodSettings, 'servers' | 'refused'> {
  const servers = new Map<string, URL>();
  const refused: string[] = [];
  let isSigned = false;
  for (const word of words) {
    if (word.startsWith('ima:')) {
      isSigned = word !== 'ima:ignore';
      continue;
    }
    const server = parseServer(word);
    const why = whyRefused(server, isSigned);
    if (server === undefined || why !== undefined) refused.push(`${shownServer(server) ?? word} ${why}`);
    else servers.set(server.href, server);
  }
  return { servers: [...servers.values()], refused };
}

/** With a trailing slash, so that `buildid/…` is below it. */
function parseServer(word: string): URL | undefined {
  const folder = word.endsWith('/') ? word : `${word}/`;
  return URL.canParse(folder) ? new URL(folder) : undefined;
}

function whyRefused(server: URL | undefined, isSigned: boolean): string | undefined {
  if (server === undefined) return 'is not a URL';
  if (!['http:', 'https:'].includes(server.protocol)) return 'is neither http nor https';
  if (server.username !== '' || server.password !== '')
    return 'contains a user name or password, which fetch does not accept';
  return isSigned ? 'follows ima:, but signatures are not checked here' : undefined;
}

/** The URL without its secrets. */
export function shownServer(server: URL): string;
export function shownServer(server: URL | undefined): string | undefined;
export function shownServer(server: URL | undefined): string | undefined {
  return server && `${server.protocol}//${server.host}${server.pathname.replace(/\/$/, '')}`;
}

/** A folder left by older clients stays in use. */
function cacheFolder({ DEBUGINFOD_CACHE_PATH, XDG_CACHE_HOME, HOME }: Environment): string {
  if (DEBUGINFOD_CACHE_PATH) return DEBUGINFOD_CACHE_PATH;
  const home = HOME ?? '/';
  const deprecated = join(home, '.debuginfod_client_cache');
  if (existsSync(deprecated)) return deprecated;
  return join(XDG_CACHE_HOME || join(home, '.cache'), 'debuginfod_client');
}

/** As C's atoi reads it; undefined if the variable is not set. */
function wholeNumber(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(/^\s*[-+]?\d+/.exec(text)?.[0] ?? 0);
}

function positive(value: number): number | undefined {
  return value > 0 ? value : undefined;
}
