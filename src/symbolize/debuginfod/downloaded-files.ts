import { ClientCache } from './client-cache.js';
import { debuginfodSettings } from './settings.js';

/** From now on libbee looks for debug files that a server gave earlier; only if DEBUGINFOD_URLS names a server. */
export function useDownloadedDebugFiles(env: NodeJS.ProcessEnv): void {
  const settings = debuginfodSettings(env);
  if (settings !== undefined) new ClientCache(settings.cacheFolder).lookInto();
}
