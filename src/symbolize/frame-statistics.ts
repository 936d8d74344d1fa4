import {
  FRAME_RULE_NAMES,
  type FrameRuleName,
  OUTCOME_NAMES,
  type OutcomeName,
} from '../ffi/record-names.js';

export type IncompleteReason = Exclude<OutcomeName, 'complete' | 'kernelOnly'>;

/** The summary's `stacks` and `frames`, weighted by samples. */
export interface FrameStatistics {
  stacks: {
    user: number;
    complete: number;
    maxDepth: number;
    incomplete: Record<IncompleteReason, number>;
  };
  frames: {
    user: number;
    symbolized: number;
    withLine: number;
    inlined: number;
    kernel: number;
    kernelSymbolized: number;
    /** User frames in code whose file was replaced and is gone; they cannot be symbolized. */
    stale: number;
    by: Record<FrameRuleName, number>;
  };
}

export function emptyStatistics(): FrameStatistics {
  return {
    stacks: { user: 0, complete: 0, maxDepth: 0, incomplete: zeros(OUTCOME_NAMES.filter(isIncomplete)) },
    frames: {
      user: 0,
      symbolized: 0,
      withLine: 0,
      inlined: 0,
      kernel: 0,
      kernelSymbolized: 0,
      stale: 0,
      by: zeros(FRAME_RULE_NAMES),
    },
  };
}

function isIncomplete(name: OutcomeName): name is IncompleteReason {
  return name !== 'complete' && name !== 'kernelOnly';
}

function zeros<Name extends string>(names: readonly Name[]): Record<Name, number> {
  return Object.fromEntries(names.map((name) => [name, 0])) as Record<Name, number>;
}
