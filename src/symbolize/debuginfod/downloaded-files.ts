import { ClientCache } from './client-cache.js';
import { debuginfodSettings } from './settings.js';

/**
 * The folder of debug files that a server gave earlier; undefined if DEBUGINFOD_URLS names no server, or somebody else has
 * a say in what lies there.
 */
export function downloadedDebugFiles(env: NodeJS.ProcessEnv): string | undefined {
  const settings = debuginfodSettings(env);
  const cache = settings && new ClientCache(settings.cacheFolder);
  return cache?.isStrange === false ? cache.folder : undefined;
}
