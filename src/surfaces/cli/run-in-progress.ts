import type { CaptureSession } from '../../capture/session.js';
import type { DebugDownloads } from '../../symbolize/debuginfod/debug-downloads.js';
import type { Interrupts } from './interrupts.js';
import type { RecordOptions } from './options.js';
import type { Outputs } from './outputs.js';
import type { Launched, PreparedTarget } from './prepared-target.js';
import type { Summary } from './summary.js';
import type { Terminal } from './terminal.js';

/** A program that was started, and what its profile becomes. */
export interface RunInProgress {
  options: RecordOptions;
  target: PreparedTarget;
  launched: Launched;
  session: CaptureSession;
  debugDownloads: DebugDownloads | undefined;
  outputs: Outputs;
  summary: Summary;
  interrupts: Interrupts;
  terminal: Terminal;
}
