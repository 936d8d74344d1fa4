import type { RunFacts } from '../../../../account/run-facts.js';
import type { Run } from '../../../../run/run.js';
import type { RunningTarget } from '../../../../run/running-target.js';
import type { DebugDownloads } from '../../../../symbolize/debuginfod/debug-downloads.js';
import type { RecordOptions } from '../../command-line/options/record-options.js';
import type { OutputSeries } from '../../outputs/output-series.js';
import type { Terminal } from '../../terminal/terminal.js';

/** A running target and everything its profile needs. */
export interface RunInProgress extends RunningTarget {
  options: RecordOptions;
  capture: Run;
  debugDownloads: DebugDownloads | undefined;
  outputs: OutputSeries;
  facts: RunFacts;
  terminal: Terminal;
}
