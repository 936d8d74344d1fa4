import type { RawSample } from '../capture/raw-profile.js';
import { frameRule } from '../ffi/stack-record.js';
import type { AddressSet } from './address-set.js';
import { emptyStatistics, type FrameStatistics } from './frame-statistics.js';
import type { FrameChain } from './resolved-chains.js';

/** Counts while samples are replayed. Counts physical frames; inlined ones separately. */
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

  /** Paths of replaced files with frames that cannot be symbolized. */
  get replacedFiles(): string[] {
    return [...this.#replacedFiles];
  }

  #countStack({ outcome, count, userFrames }: RawSample): void {
    // A kernel thread has no user stack to complete.
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
