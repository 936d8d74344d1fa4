import type { RawSample } from '../capture/raw-profile.js';
import type { OutcomeName } from '../ffi/record-names.js';
import {
  type FrameIndex,
  NO_STACK,
  type ProfileBuilder,
  type StackIndex,
  UNKNOWN_FRAME,
} from '../profile/profile.js';
import type { AddressSet } from './address-set.js';
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
function markOf({ outcome, userFrames }: RawSample): string | undefined {
  return outcome === 'depth' ? `[cut at ${userFrames.length} frames]` : CUT[outcome];
}

/** Adds one sample under `group`, if any: user frames from the root, then kernel frames. */
export function addSampleStack(
  builder: ProfileBuilder,
  sample: RawSample,
  addresses: AddressSet,
  chains: readonly FrameChain[],
  group: FrameIndex | undefined,
): void {
  let stack: StackIndex = group === undefined ? NO_STACK : builder.addStack(NO_STACK, group);
  const mark = markOf(sample);
  if (mark !== undefined) stack = builder.addStack(stack, builder.addFrame({ ...UNKNOWN_FRAME, name: mark }));
  const push = (index: number): void => {
    for (const frame of chains[index]!.frames) stack = builder.addStack(stack, frame);
  };
  for (const word of sample.userFrames.toReversed()) push(addresses.addUser(word, sample.pid));
  for (const address of sample.kernelFrames.toReversed()) push(addresses.addKernel(address));
  // A group root is not code, so it must not get self samples.
  if (
    group !== undefined &&
    sample.userFrames.length + sample.kernelFrames.length === 0 &&
    mark === undefined
  )
    stack = builder.addStack(stack, builder.addFrame(UNKNOWN_FRAME));
  const { count, pid, tid, comm } = sample;
  builder.addSample({ stack, count, pid, tid, comm });
}
