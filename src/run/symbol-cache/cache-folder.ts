import { isAbsolute, join } from 'node:path';
import { wouldBeRootsElsewhere } from '../../symbolize/folder-owner.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** Where names are kept on disk; it may not be there yet. Undefined: this user has no folder of their own. */
export function symbolFolder(env: Environment = process.env, uid = process.geteuid?.()): string | undefined {
  const caches = cacheHome(env);
  if (caches === undefined) return undefined;
  const folder = join(caches, 'cargo-profile-bee', 'symbols');
  return wouldBeRootsElsewhere(folder, uid) ? undefined : folder;
}

function cacheHome({ XDG_CACHE_HOME, HOME }: Environment): string | undefined {
  // The specification says that a relative one is to be ignored.
  if (XDG_CACHE_HOME !== undefined && isAbsolute(XDG_CACHE_HOME)) return XDG_CACHE_HOME;
  return HOME !== undefined && isAbsolute(HOME) ? join(HOME, '.cache') : undefined;
}
