import type { Summary } from '../../account/summary.js';
import { NativeError } from '../../ffi/native-error.js';
import type { Session } from '../../ffi/session.js';
import { SessionSymbolizer } from '../../ffi/symbolizer.js';
import type { RecordOptions } from '../../surfaces/cli/command-line/options.js';
import { packageVersion } from '../../surfaces/cli/command-line/version.js';
import type { Terminal } from '../../surfaces/cli/terminal/terminal.js';
import { symbolFolder } from './cache-folder.js';

/** Before samples come: names are kept, and looked up while the program runs. */
export function beginNaming(
  session: Session,
  { demangle, naming: { cacheBytes, isAhead } }: RecordOptions,
): void {
  const directory = cacheBytes > 0 ? symbolFolder() : undefined;
  if (directory === undefined && !isAhead) return;
  session.keepNames(
    packageVersion(),
    directory === undefined ? undefined : { directory, maxBytes: cacheBytes },
  );
  if (isAhead) new SessionSymbolizer(session, { demangle }).beginAhead();
}

/** After the outputs are written. A full disk or a home that cannot be written costs nothing but the next run's time. */
export async function saveNames(session: Session, summary: Summary, terminal: Terminal): Promise<void> {
  if (symbolFolder() === undefined)
    terminal.detail('names are not kept: this user has no cache folder of their own (HOME, XDG_CACHE_HOME)');
  try {
    await session.saveNames();
  } catch (error) {
    if (!(error instanceof NativeError)) throw error;
    terminal.detail(`names are not kept for later runs: ${error.message}`);
  }
  summary.names = session.statistics().names;
}
