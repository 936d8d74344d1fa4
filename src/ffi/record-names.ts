// Written by the build from bpf/record.h.

/** How the walk over a user stack ended; the index is the wire value. */
export const OUTCOME_NAMES = [
  'complete',
  'kernelOnly',
  'noTable',
  'noCfi',
  'readFault',
  'depth',
  'exiting',
  'thirtyTwoBit',
] as const;
export type OutcomeName = (typeof OUTCOME_NAMES)[number];

/** The rule by which a user frame was found; the index is the wire value. */
export const FRAME_RULE_NAMES = [
  'cfi',
  'framePointer',
  'plt',
  'signal',
  'jit',
  'snapshot',
  'synthesized',
  'guessed',
] as const;
export type FrameRuleName = (typeof FRAME_RULE_NAMES)[number];

/** Why a sample that fired was not delivered; the index is the wire value. */
export const LOSS_NAMES = ['ringbufFull', 'nested'] as const;
export type LossName = (typeof LOSS_NAMES)[number];
