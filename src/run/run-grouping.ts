import type { Problem } from '../account/problems/problem-list.js';
import type { ObservedProcess } from '../capture/capture-session.js';
import type { CaptureTotals } from '../capture/raw-profile.js';
import { defaultGroupBy, type GroupBy, type Grouping } from '../symbolize/grouping/grouping.js';
import { UNKNOWN_PROCESS } from '../symbolize/grouping/root-process.js';
import { OUTSIDE_OF_TESTS } from '../symbolize/grouping/test-groups.js';
import type { PreparedTarget } from './targets/prepared-target.js';

/** The grouping of a run: as the user asked, else one root per binary if several ran. */
export function groupingOf(
  asked: GroupBy | undefined,
  observed: readonly ObservedProcess[],
  target: PreparedTarget,
  { startersFull }: CaptureTotals,
): Grouping {
  const processes = observed.map((process) => {
    const { root, pid, executable } = process;
    return { root, pid, executable, ...target.groupOf(process) };
  });
  // A user who names several processes wants to distinguish them.
  const isNamed = observed.length > 1 && target.isForeign;
  return {
    by: asked ?? (isNamed ? 'process' : defaultGroupBy(processes)),
    processes,
    hasAllStarters: startersFull === 0,
  };
}

/** The name of the only part of a profile without roots: the binary's, if there is one. */
export function wholeName({ processes }: Grouping, targetName: string): string {
  const names = new Set(processes.map(({ binaryName }) => binaryName));
  return names.size === 1 ? [...names][0]! : targetName;
}

export function groupingProblems(
  { by, hasAllStarters }: Grouping,
  groups: ReadonlyMap<string, number> | undefined,
): Problem[] {
  const problems: Problem[] = [];
  const unknown = groups?.get(UNKNOWN_PROCESS) ?? 0;
  if (unknown > 0) {
    const message = `${unknown} samples belong to processes with no known ancestor; they are under ${UNKNOWN_PROCESS}`;
    problems.push({ code: 'unknown-process', message });
  }
  if (
    by === 'test' &&
    groups !== undefined &&
    [...groups.keys()].every((name) => name === OUTSIDE_OF_TESTS)
  ) {
    const message = '--group-by test: no sample belongs to a test that libtest runs';
    problems.push({ code: 'no-tests', message });
  }
  if (by === 'test' && !hasAllStarters) {
    const message = 'too many threads to follow at once: some work is not attributed to its test';
    problems.push({ code: 'starters-full', message });
  }
  return problems;
}
