import { mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** A folder of this user's that stays between runs: what is in it takes minutes to build. */
export function cacheDirectory(name: string): string {
  const caches = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  const directory = join(caches, 'profile-bee-tests', name);
  mkdirSync(directory, { recursive: true });
  return directory;
}
