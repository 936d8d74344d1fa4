import { enumerate } from '../account/enumerate.js';
import type { Problem } from '../account/problems/problem-list.js';
import { readProcessTable, shownProcess } from '../capture/machine/process-table.js';
import type { CaptureTotals } from '../capture/raw-profile.js';

/** For example a daemon: its later work is not in the profile, and the target's end does not reveal that. */
export function stillRunningProblems({ stillRunning, stillRunningPids }: CaptureTotals): Problem[] {
  if (stillRunning === 0) return [];
  const table = readProcessTable();
  const living = stillRunningPids.flatMap((pid) => table.get(pid) ?? []);
  const names = living.length > 0 ? ` (${enumerate(living.map(shownProcess))})` : '';
  const flag = `--pid ${living.map(({ pid }) => pid).join(',') || 'PID'}`;
  const message = `${stillRunning === 1 ? '1 child process is' : `${stillRunning} child processes are`} still running${names} and no longer profiled; continue with profile-bee ${flag}`;
  return [{ code: 'still-running', message }];
}
