import { statSync } from 'node:fs';
import { join } from 'node:path';
import { scratchDirectory } from '../kernel/running/scratch-directory.js';
import { runTimed, type ToolRun } from './timed-command.js';

export interface PerfRecorded extends ToolRun {
  dataPath: string;
  dataBytes: number;
}

/** `perf record --call-graph dwarf` as cargo-flamegraph runs it. */
export function runPerfRecord(target: readonly string[]): PerfRecorded {
  const dataPath = join(scratchDirectory(), 'perf.data');
  const options = ['-q', '-e', 'cpu-clock', '-F', '997', '--call-graph', 'dwarf,65528', '-o', dataPath, '--'];
  const run = runTimed(target, ['perf', 'record', ...options]);
  return { ...run, dataPath, dataBytes: statSync(dataPath).size };
}
