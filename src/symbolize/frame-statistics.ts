import type { RawSample } from '../capture/raw-profile.js';
import {
  FRAME_RULE_NAMES,
  type FrameRuleName,
  OUTCOME_NAMES,
  type OutcomeName,
} from '../ffi/record-names.js';
import { frameRule } from '../ffi/stack-record.js';
import type { AddressSet } from './address-set.js';
import type { FrameChain } from './resolved-chains.js';

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
    /** User frames in code whose file was replaced and is gone: nothing can name them. */
    stale: number;
    by: Record<FrameRuleName, number>;
  };
}

/** All zero. */
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

/** Counts while samples are replayed. Frames are physical ones; inlined ones are counted apart. */
export class StatisticsCounter {
  readonly #statistics = emptyStatistics();
  readonly #stacks = this.#statistics.stacks;
  readonly #frames = this.#statistics.frames;
  readonly #replacedFiles = new Set<string>();

  count(sample: RawSample, addresses: AddressSet, chains: readonly FrameChain[]): void {
    this.#countStack(sample);
    for (const word of sample.userFrames) {
      this.#frames.by[frameRule(word)] += sample.count;
      this.#countUserFrame(chains[addresses.addUser(word, sample.pid)]!, sample.count);
    }
    for (const address of sample.kernelFrames) {
      this.#frames.kernel += sample.count;
      if (chains[addresses.addKernel(address)]!.isSymbolized) this.#frames.kernelSymbolized += sample.count;
    }
  }

  statistics(): FrameStatistics {
    return this.#statistics;
  }

  /** Paths of files that were replaced, with frames that nothing can name. */
  get replacedFiles(): string[] {
    return [...this.#replacedFiles];
  }

  #countStack({ outcome, count, userFrames }: RawSample): void {
    // A thread of the kernel has no user stack that could be complete.
    if (outcome === 'kernelOnly') return;
    this.#stacks.user += count;
    this.#stacks.maxDepth = Math.max(this.#stacks.maxDepth, userFrames.length);
    if (outcome === 'complete') this.#stacks.complete += count;
    else this.#stacks.incomplete[outcome] += count;
  }

  #countUserFrame(chain: FrameChain, count: number): void {
    this.#frames.user += count;
    this.#frames.inlined += count * (chain.frames.length - 1);
    if (chain.isSymbolized) this.#frames.symbolized += count;
    if (chain.hasLine) this.#frames.withLine += count;
    if (chain.replacedFile !== undefined) this.#countReplaced(chain.replacedFile, count);
  }

  #countReplaced(path: string, count: number): void {
    this.#frames.stale += count;
    this.#replacedFiles.add(path);
  }
}

function isIncomplete(name: OutcomeName): name is IncompleteReason {
  return name !== 'complete' && name !== 'kernelOnly';
}

function zeros<Name extends string>(names: readonly Name[]): Record<Name, number> {
  return Object.fromEntries(names.map((name) => [name, 0])) as Record<Name, number>;
}
