import type { FoldedStack } from '../results/folded-stacks.js';

/** A sample in a device's or timer's interrupt: work of the machine that happened to stop this task. */
export function isInInterrupt({ frames }: FoldedStack): boolean {
  return frames.some((frame) => /^asm_(common_interrupt|sysvec_)/.test(frame));
}
