import type { RawFrames, RawStack } from '../capture/raw-profile.js';
import { FRAME_RULE_NAMES } from '../ffi/record-names.js';
import { emptyStatistics, type FrameStatistics } from './frame-statistics.js';
import type { FrameChain } from './resolved-chains.js';

/** Counts hits of stacks and of frames. Counts physical frames; inlined ones separately. */
export class StatisticsCounter {
  readonly #stacks = emptyStatistics().stacks;
  readonly #rules: number[] = [];
  /** By frame. */
  readonly #hits: number[] = [];

  addFrames({ rules }: RawFrames): void {
    for (const rule of rules) {
      this.#rules.push(rule);
      this.#hits.push(0);
    }
  }

  count(stack: RawStack, count: number): void {
    const { frames } = stack;
    for (const frame of frames) this.#hits[frame]! += count;
    this.#countStack(stack, frames.length - stack.kernelFrameCount, count);
  }

  statistics(chains: readonly FrameChain[]): FrameStatistics {
    const { frames } = emptyStatistics();
    for (const [row, hits] of this.#hits.entries()) {
      const chain = chains[row]!;
      if (chain.isKernel) countKernelFrame(chain, hits, frames);
      else {
        frames.by[FRAME_RULE_NAMES[this.#rules[row]!]!] += hits;
        countUserFrame(chain, hits, frames);
      }
    }
    return { stacks: structuredClone(this.#stacks), frames };
  }

  #countStack({ outcome }: RawStack, depth: number, count: number): void {
    // A kernel thread has no user stack to complete.
    if (outcome === 'kernelOnly') return;
    this.#stacks.user += count;
    this.#stacks.maxDepth = Math.max(this.#stacks.maxDepth, depth);
    if (outcome === 'complete') this.#stacks.complete += count;
    else this.#stacks.incomplete[outcome] += count;
  }
}

function countKernelFrame(
  { isSymbolized }: FrameChain,
  hits: number,
  frames: FrameStatistics['frames'],
): void {
  frames.kernel += hits;
  if (isSymbolized) frames.kernelSymbolized += hits;
}

function countUserFrame(chain: FrameChain, hits: number, frames: FrameStatistics['frames']): void {
  frames.user += hits;
  frames.inlined += hits * (chain.frames.length - 1);
  if (chain.isSymbolized) frames.symbolized += hits;
  if (chain.hasLine) frames.withLine += hits;
  if (chain.replacedFile !== undefined) frames.stale += hits;
}
