import type { Summary } from '../account/summary.js';
import type { CaptureSession } from '../capture/capture-session.js';
import type { RecordOptions } from '../surfaces/cli/command-line/options.js';
import type { Outputs } from '../surfaces/cli/outputs/outputs.js';
import type { Terminal } from '../surfaces/cli/terminal/terminal.js';
import type { DebugDownloads } from '../symbolize/debuginfod/debug-downloads.js';
import type { Interrupts } from './signals/interrupts.js';
import type { Launched, PreparedTarget } from './targets/prepared-target.js';

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
