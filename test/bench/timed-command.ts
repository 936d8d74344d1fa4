import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { scratchDirectory } from '../kernel/running/scratch-directory.js';

/** User and system time together, in nanoseconds; `endNs` on the clock of the day. */
export interface Timed {
  cpuNs: number;
  wallNs: number;
  endNs: number;
}

export interface ToolRun {
  /** The target alone, also under a profiler. */
  target: Timed;
  /** The profiler, its children and the target. */
  whole: Timed;
  stderr: string;
}

/** bash's `time` reads the children's usage, which Node has no call for. Times have a resolution of 1 ms. */
function timing(file: string): string {
  return `TIMEFORMAT='%U %S %R'; { time "$@" 2>&3; } 3>&2 2> ${file}; code=$?; echo $EPOCHREALTIME >> ${file}; exit $code`;
}

/** Runs `[...tool, ...target]`, its output thrown away; throws when it fails. */
export function runTimed(target: readonly string[], tool: readonly string[] = [], cwd?: string): ToolRun {
  const scratch = scratchDirectory();
  const [inner, outer] = [join(scratch, 'target'), join(scratch, 'whole')];
  const timedTarget = ['bash', '-c', timing(inner), 'target', ...target];
  const timedTool = ['-c', timing(outer), 'tool', ...tool, ...timedTarget];
  const run = spawnSync('bash', timedTool, {
    cwd: cwd ?? scratch,
    env: { ...process.env, LC_ALL: 'C' },
    encoding: 'utf8',
    stdio: ['ignore', 'ignore', 'pipe'],
    maxBuffer: 1 << 28,
  });
  if (run.status !== 0)
    throw new Error(`${timedTool.slice(3).join(' ')} ended with ${run.status}: ${run.stderr}`);
  return { target: readTimes(inner), whole: readTimes(outer), stderr: run.stderr };
}

function readTimes(file: string): Timed {
  const [times = '', end = ''] = readFileSync(file, 'utf8').trim().split('\n').slice(-2);
  const [user = 0, system = 0, real = 0] = times.split(' ').map(Number);
  return { cpuNs: (user + system) * 1e9, wallNs: real * 1e9, endNs: Number(end) * 1e9 };
}

/** The run whose target used the least CPU time: noise of a shared machine only ever adds. */
export function leastOf(runs: readonly ToolRun[]): ToolRun {
  return runs.reduce((least, run) => (run.target.cpuNs < least.target.cpuNs ? run : least));
}
