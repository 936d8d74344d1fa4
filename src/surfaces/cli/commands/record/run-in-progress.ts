import type { Summary } from '../../../../account/summary.js';
import type { RunningTarget } from '../../../../run/running-target.js';
import type { DebugDownloads } from '../../../../symbolize/debuginfod/debug-downloads.js';
import type { RecordOptions } from '../../command-line/options/record-options.js';
import type { Outputs } from '../../outputs/outputs.js';
import type { Terminal } from '../../terminal/terminal.js';

/** A running target and everything its profile needs. */
export interface RunInProgress extends RunningTarget {
  options: RecordOptions;
  debugDownloads: DebugDownloads | undefined;
  outputs: Outputs;
  summary: Summary;
  terminal: Terminal;
}
