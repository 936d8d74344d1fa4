import type { RawStack } from '../../capture/raw-profile.js';
import { groupByKey } from './group-by-key.js';
import { type RootProcess, UNKNOWN_PROCESS } from './root-process.js';

/** Maps samples to `NAME [pid 123]`: the binary's name; for a child, the name of its first thread. */
export function processNames(
  samples: readonly RawStack[],
  roots: ReadonlyMap<number, RootProcess>,
): Map<RawStack, string> {
  const byProcess = groupByKey(samples, ({ root, pid }) => `${root}:${pid}`);
  const taken = new Map<string, number>();
  const names = new Map<RawStack, string>();
  for (const members of byProcess.values()) {
    const process = roots.get(members[0]!.root);
    const name = process === undefined ? UNKNOWN_PROCESS : distinct(processName(members, process), taken);
    for (const sample of members) names.set(sample, name);
  }
  return names;
}

function processName(members: readonly RawStack[], process: RootProcess): string {
  const { pid } = members[0]!;
  return `${pid === process.pid ? process.binaryName : childName(members, process)} [pid ${pid}]`;
}

/**
 * The latest name of its first thread, because before exec a child has its parent's name. Other threads' names say little
 * about the process.
 */
function childName(members: readonly RawStack[], { binaryName }: RootProcess): string {
  const ofFirstThread = members.filter(({ pid, tid }) => pid === tid);
  const newest = ofFirstThread.reduce<RawStack | undefined>(
    (one, other) => (one === undefined || other.timeNs > one.timeNs ? other : one),
    undefined,
  );
  return newest?.comm || `child of ${binaryName}`;
}

/** A pid reused by a program of the same name is another process. */
function distinct(name: string, taken: Map<string, number>): string {
  const count = (taken.get(name) ?? 0) + 1;
  taken.set(name, count);
  return count === 1 ? name : `${name} #${count}`;
}
