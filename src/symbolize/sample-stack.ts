import type { RawStack } from '../capture/raw-profile.js';
import type { OutcomeName } from '../ffi/record-names.js';
import {
  type FrameIndex,
  NO_STACK,
  type ProfileBuilder,
  type StackIndex,
  UNKNOWN_FRAME,
} from '../profile/profile.js';
import type { FrameChain } from './resolved-chains.js';

/**
 * Roots for stacks that do not reach the start of their thread; without one, the frame at which the walk stopped would look
 * like a root. Not for exiting threads: they have no user stack any more.
 */
const CUT: Partial<Record<OutcomeName, string>> = {
  noTable: '[incomplete stack]',
  noCfi: '[incomplete stack]',
  readFault: '[incomplete stack]',
  thirtyTwoBit: '[32-bit program]',
};

/** A stack cut at the depth limit has exactly that many frames. */
function markOf({ outcome, frames, kernelFrameCount }: RawStack): string | undefined {
  return outcome === 'depth' ? `[cut at ${frames.length - kernelFrameCount} frames]` : CUT[outcome];
}

/** Adds the frames of a stack under `group`, if any: the program's from the root, then the kernel's. */
export function addStackFrames(
  builder: ProfileBuilder,
  raw: RawStack,
  chains: readonly FrameChain[],
  group: FrameIndex | undefined,
): StackIndex {
  let stack: StackIndex = group === undefined ? NO_STACK : builder.addStack(NO_STACK, group);
  const mark = markOf(raw);
  if (mark !== undefined) stack = builder.addStack(stack, builder.addFrame({ ...UNKNOWN_FRAME, name: mark }));
  const { frames } = raw;
  for (let at = frames.length - 1; at >= 0; at--)
    for (const frame of chains[frames[at]!]!.frames) stack = builder.addStack(stack, frame);
  // A group root is not code, so it must not get self samples.
  if (group !== undefined && frames.length === 0 && mark === undefined)
    stack = builder.addStack(stack, builder.addFrame(UNKNOWN_FRAME));
  return stack;
}
