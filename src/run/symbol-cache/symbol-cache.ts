import { NativeError } from '../../ffi/native-error.js';
import type { SamplerConnection, SymbolCacheStatistics } from '../../ffi/sampler-connection.js';
import { type Demangling, NativeSymbolizer } from '../../ffi/symbolizer.js';
import { symbolFolder } from './cache-folder.js';

/** Which names are remembered, and when they are looked up. */
export interface NamingPlan {
  /** Of the symbol cache on disk; 0: none. */
  cacheBytes: number;
  /** While the program runs, and not only at its end. */
  isAhead: boolean;
}

/** Before samples come: names are kept, and looked up while the program runs. `version`: of the profiler. */
export function beginNaming(
  session: SamplerConnection,
  { cacheBytes, isAhead, demangle, version }: NamingPlan & { demangle: Demangling; version: string },
): void {
  const directory = cacheBytes > 0 ? symbolFolder() : undefined;
  if (directory === undefined && !isAhead) return;
  session.keepSymbols(version, directory === undefined ? undefined : { directory, maxBytes: cacheBytes });
  if (isAhead) new NativeSymbolizer(session, { demangle }).beginAhead();
}

/**
 * After the outputs are written. A full disk or a home that cannot be written costs nothing but the next run's time:
 * `notKept` says why.
 */
export async function saveNames(
  session: SamplerConnection,
): Promise<{ names: SymbolCacheStatistics; notKept: string | undefined }> {
  const notKept = await whyNotSaved(session);
  return { names: session.statistics().names, notKept };
}

async function whyNotSaved(session: SamplerConnection): Promise<string | undefined> {
  try {
    await session.saveSymbols();
  } catch (error) {
    if (!(error instanceof NativeError)) throw error;
    return `names are not kept for later runs: ${error.message}`;
  }
  return symbolFolder() === undefined
    ? 'names are not kept: this user has no cache folder of their own (HOME, XDG_CACHE_HOME)'
    : undefined;
}
