import { NativeError } from '../../ffi/native-error.js';
import type { SamplerConnection, SymbolCacheStatistics } from '../../ffi/sampler-connection.js';
import { type Demangling, NativeSymbolizer } from '../../ffi/symbolizer.js';
import { symbolCacheFolder } from './cache-folder.js';

/** How symbols are cached, and when addresses are symbolized. */
export interface SymbolizePlan {
  /** Size limit of the symbol cache on disk; 0: no cache. */
  cacheBytes: number;
  /** Symbolize while the target runs, not only at its end. */
  isAhead: boolean;
}

/**
 * Call it before the first samples. Opens the symbol cache and, if `isAhead`, symbolizes while the target runs. `version`:
 * of the profiler.
 */
export function beginSymbolizing(
  session: SamplerConnection,
  { cacheBytes, isAhead, demangle, version }: SymbolizePlan & { demangle: Demangling; version: string },
): void {
  const directory = cacheBytes > 0 ? symbolCacheFolder() : undefined;
  if (directory === undefined && !isAhead) return;
  session.keepSymbols(version, directory === undefined ? undefined : { directory, maxBytes: cacheBytes });
  if (isAhead) new NativeSymbolizer(session, { demangle }).beginAhead();
}

/**
 * Call it after the outputs are written. A full disk or an unwritable home only costs the next run's time: `notSaved` says
 * why.
 */
export async function saveSymbolCache(
  session: SamplerConnection,
): Promise<{ names: SymbolCacheStatistics; notSaved: string | undefined }> {
  const notSaved = await whyNotSaved(session);
  return { names: session.statistics().names, notSaved };
}

async function whyNotSaved(session: SamplerConnection): Promise<string | undefined> {
  try {
    await session.saveSymbols();
  } catch (error) {
    if (!(error instanceof NativeError)) throw error;
    return `the symbol cache is not saved: ${error.message}`;
  }
  return symbolCacheFolder() === undefined
    ? 'there is no symbol cache: this user has no cache folder of their own (HOME, XDG_CACHE_HOME)'
    : undefined;
}
