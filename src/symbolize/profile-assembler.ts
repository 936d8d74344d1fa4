import type { RawBatch, RawIncrements, RawStack } from '../capture/raw-profile.js';
import type { Symbolizer, SymbolProblem } from '../ffi/symbolizer.js';
import { type Profile, ProfileBuilder, type StackIndex } from '../profile/profile.js';
import type { FrameStatistics } from './frame-statistics.js';
import { addGroupFrame, type Grouping, groupNames } from './grouping/grouping.js';
import type { NamedFrame } from './grouping/libtest-stack.js';
import { StackReader } from './grouping/stack-reader.js';
import type { PackageRoot } from './origin.js';
import { ResolvedChains } from './resolved-chains.js';
import { addStackFrames } from './sample-stack.js';
import { StatisticsCounter } from './statistics-counter.js';

export interface BuiltProfile {
  profile: Profile;
  statistics: FrameStatistics;
  /** Samples under each root, by its name; undefined without roots. */
  groups: ReadonlyMap<string, number> | undefined;
  /** Files whose symbols could not be read. */
  problems: readonly SymbolProblem[];
  /** Paths of files overwritten while mapped, so that their frames cannot be symbolized. */
  replacedFiles: readonly string[];
}

type GroupNames = ReadonlyMap<RawStack, string>;

/** Where a stack stands in the profile. */
interface Placed {
  stack: StackIndex;
  group: string | undefined;
}

const UNGROUPED: Grouping = { by: 'none', processes: [], hasAllStarters: true };

/**
 * Makes profiles of a run that goes on: each batch is symbolized as far as it is new, and a snapshot adds what came since
 * the last. Batches must be those of one table: all since the start, or since libbee forgot.
 */
export class ProfileAssembler {
  readonly #symbolizer: Symbolizer;
  readonly #chains: ResolvedChains;
  readonly #counter = new StatisticsCounter();
  readonly #reader = new StackReader((stack) => this.#namedFrames(stack));
  /** By file: what a later batch finds replaces it. */
  readonly #problems = new Map<string, SymbolProblem>();
  readonly #stacks: RawStack[] = [];
  /** Hits by stack: all, and those that the builder does not have yet. */
  readonly #counts: number[] = [];
  #pending = new Map<number, number>();
  #placed: Placed[] = [];
  readonly #events: readonly string[];
  #builder: ProfileBuilder;

  /** `events`: names of those that stacks refer to. */
  constructor(symbolizer: Symbolizer, packages: readonly PackageRoot[], events: readonly string[] = ['']) {
    this.#symbolizer = symbolizer;
    this.#events = events;
    this.#builder = new ProfileBuilder({ events });
    this.#chains = new ResolvedChains(packages);
  }

  /** One batch after the other. Rejects as the symbolizer does. */
  async add({ frames, objects, stacks, increments }: RawBatch): Promise<void> {
    const problems = await this.#chains.add(frames, objects, this.#symbolizer, this.#builder);
    for (const problem of problems) this.#problems.set(`${problem.object} ${problem.path}`, problem);
    this.#counter.addFrames(frames);
    for (const stack of stacks) {
      this.#stacks.push(stack);
      this.#counts.push(0);
    }
    this.#addHits(increments);
  }

  snapshot(grouping: Grouping = UNGROUPED): BuiltProfile {
    const names = groupNames(this.#stacks, grouping, this.#reader);
    if (this.#chains.haveChanged || this.#areMoved(names)) this.#beginAnew();
    for (const [index, count] of this.#pending) this.#place(index, count, names);
    this.#pending = new Map();
    return {
      profile: this.#builder.snapshot(),
      statistics: this.#counter.statistics(this.#chains.ofFrame),
      groups: names && this.#groupCounts(names),
      problems: [...this.#problems.values()],
      replacedFiles: this.#chains.replacedFiles,
    };
  }

  #addHits({ stacks, counts }: RawIncrements): void {
    for (const [at, index] of stacks.entries()) {
      const count = counts[at]!;
      this.#counts[index]! += count;
      this.#pending.set(index, (this.#pending.get(index) ?? 0) + count);
      this.#counter.count(this.#stacks[index]!, count);
    }
  }

  /** Whether a stack has another root by now: evidence of which test it runs may come later. */
  #areMoved(names: GroupNames | undefined): boolean {
    return this.#placed.some(({ group }, index) => names?.get(this.#stacks[index]!) !== group);
  }

  #beginAnew(): void {
    const before = this.#builder.snapshot();
    this.#builder = new ProfileBuilder({ events: this.#events });
    this.#chains.moveTo(this.#builder, before);
    this.#placed = [];
    this.#pending = new Map([...this.#counts.entries()].filter(([, count]) => count > 0));
  }

  #place(index: number, count: number, names: GroupNames | undefined): void {
    const raw = this.#stacks[index]!;
    this.#placed[index] ??= this.#firstPlace(raw, names?.get(raw));
    const { pid, tid, comm, event } = raw;
    this.#builder.addSample({ stack: this.#placed[index].stack, values: [count], pid, tid, comm, event });
  }

  #firstPlace(raw: RawStack, group: string | undefined): Placed {
    const root = group === undefined ? undefined : addGroupFrame(this.#builder, group);
    return { stack: addStackFrames(this.#builder, raw, this.#chains.ofFrame, root), group };
  }

  #groupCounts(names: GroupNames): Map<string, number> {
    const countOf = new Map(this.#stacks.map((stack, index) => [stack, this.#counts[index]!]));
    const counts = new Map<string, number>();
    for (const [stack, name] of names) counts.set(name, (counts.get(name) ?? 0) + countOf.get(stack)!);
    return counts;
  }

  *#namedFrames({ frames, kernelFrameCount }: RawStack): Iterable<NamedFrame> {
    for (let at = frames.length - 1; at >= kernelFrameCount; at--)
      yield* this.#chains.ofFrame[frames[at]!]!.names();
  }
}
