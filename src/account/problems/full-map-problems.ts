import type { CaptureTotals } from '../../capture/raw-profile.js';
import { formatCount } from '../format-count.js';
import type { Problem } from './problem-list.js';

/** `startersFull` matters only to who asks for tests: see run-grouping. */
type FullMaps = Pick<
  CaptureTotals,
  'processesFull' | 'spacesFull' | 'endsFull' | 'runtimeBasesFull' | 'maxProcesses'
>;

/** What found no room in the maps of the BPF programs, and what the profile lacks for it. */
export function fullMapProblems(totals: FullMaps): Problem[] {
  const room = formatCount(totals.maxProcesses);
  const all = [
    {
      code: 'processes-full',
      count: totals.processesFull,
      one: 'forked process was not observed, nor what it started',
      many: 'forked processes were not observed, nor what they started',
      cause: `the table of observed processes is full (${room})`,
    },
    {
      code: 'spaces-full',
      count: totals.spacesFull,
      one: 'forked process began without the mappings of its parent, and its first stacks may be incomplete',
      many: 'forked processes began without the mappings of their parents, and their first stacks may be incomplete',
      cause: `the table of mappings is full (${room} processes)`,
    },
    {
      code: 'ends-full',
      count: totals.endsFull,
      one: 'exit code is unknown',
      many: 'exit codes are unknown',
      cause: 'the table of ended processes is full',
    },
    {
      code: 'cpu-times-full',
      count: totals.runtimeBasesFull,
      one: 'thread’s CPU time is not exact, nor is the number of expected samples',
      many: 'threads’ CPU times are not exact, nor is the number of expected samples',
      cause: 'the table of CPU times is full',
    },
  ] as const;
  const full = all.filter(({ count }) => count > 0);
  return full.map(({ code, count, one, many, cause }) => ({
    code,
    message: `${formatCount(count)} ${count === 1 ? one : many}: ${cause}`,
  }));
}
