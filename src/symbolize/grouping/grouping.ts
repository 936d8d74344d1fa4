import type { RawStack } from '../../capture/raw-profile.js';
import { type FrameIndex, type ProfileBuilder, UNKNOWN_FRAME } from '../../profile/profile.js';
import { processNames } from './process-groups.js';
import { type RootProcess, UNKNOWN_PROCESS } from './root-process.js';
import type { StackReader } from './stack-reader.js';
import { testNames } from './test-groups.js';

/** What gets a root frame of its own. */
export const GROUP_BY = ['binary', 'process', 'thread', 'test', 'none'] as const;
export type GroupBy = (typeof GROUP_BY)[number];

export interface Grouping {
  by: GroupBy;
  processes: readonly RootProcess[];
  /** False if samples of some threads lack their starter. */
  hasAllStarters: boolean;
}

/** By test if tests were launched one by one, as cargo-nextest does; by binary if there are several; otherwise none. */
export function defaultGroupBy(processes: readonly RootProcess[]): GroupBy {
  if (processes.some(({ testName }) => testName !== undefined)) return 'test';
  return new Set(processes.map(({ binaryName }) => binaryName)).size > 1 ? 'binary' : 'none';
}

/** The root of each stack; undefined without grouping. */
export function groupNames(
  stacks: readonly RawStack[],
  { by, processes, hasAllStarters }: Grouping,
  reader: StackReader,
): ReadonlyMap<RawStack, string> | undefined {
  const roots = new Map(processes.map((process) => [process.root, process]));
  switch (by) {
    case 'none':
      return undefined;
    case 'thread':
      // Threads with the same name share a root across processes: a pool's workers do the same work.
      return new Map(stacks.map((stack) => [stack, stack.comm || '[thread without a name]']));
    case 'binary':
      return new Map(stacks.map((stack) => [stack, binaryName(roots.get(stack.root))]));
    case 'process':
      return processNames(stacks, roots);
    case 'test':
      return testNames(stacks, roots, reader, hasAllStarters);
  }
}

function binaryName(process: RootProcess | undefined): string {
  return process === undefined ? UNKNOWN_PROCESS : process.binaryName;
}

/** A root is not code: it has no crate and no file. */
export function addGroupFrame(builder: ProfileBuilder, name: string): FrameIndex {
  return builder.addFrame({ ...UNKNOWN_FRAME, name });
}
