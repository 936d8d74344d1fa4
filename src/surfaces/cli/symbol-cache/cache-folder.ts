import { statSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';

type Environment = Readonly<Record<string, string | undefined>>;

/** Where names are kept on disk; it may not be there yet. Undefined: this user has no folder of their own. */
export function symbolFolder(env: Environment = process.env, uid = process.geteuid?.()): string | undefined {
  const caches = cacheHome(env);
  if (caches === undefined) return undefined;
  // A HOME that root was left with by sudo or su: its owner could not remove what root makes there.
  if (uid === 0 && ownerOf(caches) !== 0) return undefined;
  return join(caches, 'cargo-profile-bee', 'symbols');
}

function cacheHome({ XDG_CACHE_HOME, HOME }: Environment): string | undefined {
  // The specification says that a relative one is to be ignored.
  if (XDG_CACHE_HOME !== undefined && isAbsolute(XDG_CACHE_HOME)) return XDG_CACHE_HOME;
  return HOME !== undefined && isAbsolute(HOME) ? join(HOME, '.cache') : undefined;
}

/** Of the folder, or of the nearest above it that exists. */
function ownerOf(path: string): number | undefined {
  try {
    return statSync(path).uid;
  } catch {
    return path === dirname(path) ? undefined : ownerOf(dirname(path));
  }
}
