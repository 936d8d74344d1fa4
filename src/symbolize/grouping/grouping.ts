import type { RawSample } from '../../capture/raw-profile.js';
import { type FrameIndex, type ProfileBuilder, UNKNOWN_FRAME } from '../../profile/profile.js';
import type { FramesOf } from './libtest-stack.js';
import { processNames } from './process-groups.js';
import { type RootProcess, UNKNOWN_PROCESS } from './root-process.js';
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

/** The root of each sample; undefined without grouping. */
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
      // Threads with the same name share a root across processes: a pool's workers do the same work.
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

/** A root is not code: it has no crate and no file. */
export function addGroupFrame(builder: ProfileBuilder, name: string): FrameIndex {
  return builder.addFrame({ ...UNKNOWN_FRAME, name });
}
