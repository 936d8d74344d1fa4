import type { RawSample } from '../capture/raw-profile.js';
import { NO_STACK, type ProfileBuilder, type StackIndex } from '../profile/profile.js';
import type { AddressSet } from './address-set.js';
import type { FrameChain } from './resolved-chains.js';

/** Adds one sample: user frames from the root, then the kernel's on top of them. */
export function addSampleStack(
  builder: ProfileBuilder,
  sample: RawSample,
  addresses: AddressSet,
  chains: readonly FrameChain[],
): void {
  let stack: StackIndex = NO_STACK;
  const push = (index: number): void => {
    for (const frame of chains[index]!.frames) stack = builder.addStack(stack, frame);
  };
  for (const word of sample.userFrames.toReversed()) push(addresses.addUser(word, sample.pid));
  for (const address of sample.kernelFrames.toReversed()) push(addresses.addKernel(address));
  const { count, pid, tid, comm } = sample;
  builder.addSample({ stack, count, pid, tid, comm });
}
