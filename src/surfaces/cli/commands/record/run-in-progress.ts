import type { Summary } from '../../../../account/summary.js';
import type { RunningTarget } from '../../../../run/running-target.js';
import type { DebugDownloads } from '../../../../symbolize/debuginfod/debug-downloads.js';
import type { RecordOptions } from '../../command-line/options/record-options.js';
import type { Outputs } from '../../outputs/outputs.js';
import type { Terminal } from '../../terminal/terminal.js';

/** A program that was started, and what its profile becomes. */
export interface RunInProgress extends RunningTarget {
  options: RecordOptions;
  debugDownloads: DebugDownloads | undefined;
  outputs: Outputs;
  summary: Summary;
  terminal: Terminal;
}
