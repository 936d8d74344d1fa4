import { isAbsolute, join } from 'node:path';
import { wouldBeRootsElsewhere } from '../../symbolize/folder-owner.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** The folder of the symbol cache; it may not exist yet. Undefined if this user has no cache folder of their own. */
export function symbolCacheFolder(
  env: Environment = process.env,
  uid = process.geteuid?.(),
): string | undefined {
  const caches = cacheHome(env);
  if (caches === undefined) return undefined;
  const folder = join(caches, 'cargo-profile-bee', 'symbols');
  return wouldBeRootsElsewhere(folder, uid) ? undefined : folder;
}

function cacheHome({ XDG_CACHE_HOME, HOME }: Environment): string | undefined {
  // The XDG specification says to ignore a relative path.
  if (XDG_CACHE_HOME !== undefined && isAbsolute(XDG_CACHE_HOME)) return XDG_CACHE_HOME;
  return HOME !== undefined && isAbsolute(HOME) ? join(HOME, '.cache') : undefined;
}
