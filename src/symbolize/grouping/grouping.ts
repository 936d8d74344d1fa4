import type { RawSample } from '../../capture/raw-profile.js';
import { type FrameIndex, type ProfileBuilder, UNKNOWN_FRAME } from '../../profile/profile.js';
import type { FramesOf } from './libtest-stack.js';
import { processNames } from './process-groups.js';
import { type RootProcess, UNKNOWN_PROCESS } from './root-process.js';
import { testNames } from './test-groups.js';

/** What gets a root frame of its own, under which its stacks stand. */
export const GROUP_BY = ['binary', 'process', 'thread', 'test', 'none'] as const;
export type GroupBy = (typeof GROUP_BY)[number];

export interface Grouping {
  by: GroupBy;
  processes: readonly RootProcess[];
  /** False when samples of some threads lack their starter. */
  hasAllStarters: boolean;
}

/**
 * Tests that were launched one by one, as cargo-nextest does, are roots; with several binaries each gets a root; a
 * profile of one keeps its stacks as they are.
 */
export function defaultGroupBy(processes: readonly RootProcess[]): GroupBy {
  if (processes.some(({ testName }) => testName !== undefined)) return 'test';
  return new Set(processes.map(({ binaryName }) => binaryName)).size > 1 ? 'binary' : 'none';
}

/** Which root each sample stands under; undefined: no roots are asked for. */
export function groupNames(
  samples: readonly RawSample[],
  { by, processes, hasAllStarters }: Grouping,
  framesOf: FramesOf,
): ReadonlyMap<RawSample, string> | undefined {
  const roots = new Map(processes.map((process) => [process.root, process]));
  switch (by) {
    case 'none':
      return undefined;
    case 'thread':
      // Threads of one name are one root, in whatever process: a pool's workers do the same work.
      return new Map(samples.map((sample) => [sample, sample.comm || '[thread without a name]']));
    case 'binary':
      return new Map(samples.map((sample) => [sample, binaryName(roots.get(sample.root))]));
    case 'process':
      return processNames(samples, roots);
    case 'test':
      return testNames(samples, roots, framesOf, hasAllStarters);
  }
}

function binaryName(process: RootProcess | undefined): string {
  return process === undefined ? UNKNOWN_PROCESS : process.binaryName;
}

/** A root is no code: it belongs to no crate, and has no file. */
export function addGroupFrame(builder: ProfileBuilder, name: string): FrameIndex {
  return builder.addFrame({ ...UNKNOWN_FRAME, name });
}
