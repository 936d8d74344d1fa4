import { NativeError } from '../../ffi/native-error.js';
import type { NameStatistics, Session } from '../../ffi/session.js';
import { type Demangling, SessionSymbolizer } from '../../ffi/symbolizer.js';
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
  session: Session,
  { cacheBytes, isAhead, demangle, version }: NamingPlan & { demangle: Demangling; version: string },
): void {
  const directory = cacheBytes > 0 ? symbolFolder() : undefined;
  if (directory === undefined && !isAhead) return;
  session.keepNames(version, directory === undefined ? undefined : { directory, maxBytes: cacheBytes });
  if (isAhead) new SessionSymbolizer(session, { demangle }).beginAhead();
}

/**
 * After the outputs are written. A full disk or a home that cannot be written costs nothing but the next run's time:
 * `notKept` says why.
 */
export async function saveNames(
  session: Session,
): Promise<{ names: NameStatistics; notKept: string | undefined }> {
  const notKept = await whyNotSaved(session);
  return { names: session.statistics().names, notKept };
}

async function whyNotSaved(session: Session): Promise<string | undefined> {
  try {
    await session.saveNames();
  } catch (error) {
    if (!(error instanceof NativeError)) throw error;
    return `names are not kept for later runs: ${error.message}`;
  }
  return symbolFolder() === undefined
    ? 'names are not kept: this user has no cache folder of their own (HOME, XDG_CACHE_HOME)'
    : undefined;
}
