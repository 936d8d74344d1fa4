import { setTimeout as sleep } from 'node:timers/promises';
import {
  accountOf,
  type Measurements,
  noMeasurements,
  sumOfStatistics,
  totalsBetween,
} from '../account/account.js';
import { type Account, lostCount, type SummaryTarget } from '../account/summary.js';
import { type CaptureSession, openSession } from '../capture/capture-session.js';
import { deferred } from '../capture/deferred.js';
import { type CaptureTotals, hitCount, joinBatches, type RawBatch } from '../capture/raw-profile.js';
import type { CapturePlan } from '../ffi/sampler-messages.js';
import { type Demangling, NativeSymbolizer } from '../ffi/symbolizer.js';
import type { GroupBy, Grouping } from '../symbolize/grouping/grouping.js';
import { type BuiltProfile, ProfileAssembler } from '../symbolize/profile-assembler.js';
import { packageVersion } from './package-version.js';
import { groupingOf } from './run-grouping.js';
import { SampledWork } from './sampled-work.js';
import { summaryTargets } from './summary-targets.js';
import { beginSymbolizing, type SymbolizePlan } from './symbol-cache/symbol-cache.js';
import type { Launched, PreparedTarget } from './targets/prepared-target.js';

/** How a run samples, symbolizes and groups. */
export interface RunPlan {
  capture: CapturePlan;
  demangle: Demangling;
  symbolize: SymbolizePlan;
  /** Undefined: by binary if several ran, by process if several were named. */
  groupBy: GroupBy | undefined;
  /** Whether the samples before symbolization are wanted, too. */
  keepsRaw: boolean;
}

/** `start`: each profile covers the run so far. `last`: what came after the one before, and memory stays flat. */
export type Since = 'start' | 'last';

export interface DuePlan {
  /** Undefined: once, when sampling has ended. */
  everyMs?: number | undefined;
  /** When the run will be stopped, if that is known: what is due then is left to the end. */
  durationMs?: number | undefined;
}

/** The samples of a run so far, or of a part of it. */
export interface Tick {
  /** From 1. */
  number: number;
  isLast: boolean;
  /** What it covers. */
  from: Date;
  to: Date;
  /** Of the whole run so far. */
  totals: CaptureTotals;
  /** The sampler was lost: see `salvage`. */
  isCutOff?: boolean;
}

/** A profile of the run, or of a part of it, and what it is worth. */
export interface Snapshot extends Tick {
  built: BuiltProfile;
  grouping: Grouping;
  account: Account;
  /** Of the whole run so far. */
  measurements: Measurements;
  /** The same samples before symbolization, if they were wanted. */
  raw: RawBatch | undefined;
  /** Of the whole run so far. */
  work: SampledWork;
  symbolizeNs: number;
}

/** Starts a sampler; nothing is sampled before a target is launched. Rejects with CaptureError. */
export async function openRun(plan: RunPlan): Promise<Run> {
  const session = await openSession(plan.capture);
  const { demangle, symbolize } = plan;
  beginSymbolizing(session.native, { ...symbolize, demangle, version: packageVersion() });
  return new Run(plan, session);
}

/**
 * One capture, and its profile as often as somebody asks. `launch` starts the sampling of a target, `snapshots` hand
 * out what it brings (`ticks` and `symbolize` are the two halves of that), `stop` ends it; with `await using` nothing is left behind.
 */
export class Run {
  readonly #symbolizer: NativeSymbolizer;
  readonly #work = new SampledWork();
  readonly #buildIds = new Map<string, string>();
  readonly #stopRequest = deferred<void>();
  #target: PreparedTarget | undefined;
  #stopping: Promise<CaptureTotals> | undefined;
  #since: Since = 'start';
  #number = 1;
  #from = new Date();
  #raw: RawBatch | undefined;
  #assembler: ProfileAssembler | undefined;
  #measurements: Measurements = noMeasurements();

  constructor(
    readonly plan: RunPlan,
    readonly session: CaptureSession,
  ) {
    this.#symbolizer = new NativeSymbolizer(session.native, { demangle: plan.demangle });
  }

  /** Once. */
  async launch(target: PreparedTarget): Promise<Launched> {
    this.#target = target;
    return await target.launch(this.session);
  }

  /** Ends sampling: the next tick is the last. */
  async stop(): Promise<void> {
    this.#stopping ??= this.session.stop();
    this.#stopRequest.resolve();
    await this.#stopping;
  }

  /** What the profiles cover; before the first tick. */
  cover(since: Since): void {
    this.#since = since;
  }

  /**
   * Yields at every due moment, counted from the first observed process, and once when sampling has ended. Rejects with
   * CaptureError when the sampler is lost; `salvage` then has what came.
   */
  async *dues({ everyMs, durationMs = Number.POSITIVE_INFINITY }: DuePlan): AsyncGenerator<void, void> {
    await this.#unlessStopped(this.session.begun);
    this.#from = new Date();
    const beginMs = performance.now();
    for (let dueMs = 0, isOver = false; !isOver; ) {
      dueMs = nextDueMs(dueMs, performance.now() - beginMs, everyMs);
      await this.#untilDue(dueMs < durationMs ? beginMs + dueMs : Number.POSITIVE_INFINITY);
      isOver = this.#stopping !== undefined;
      yield;
    }
  }

  /** A tick at every due moment. `symbolize` each before the next. */
  async *ticks(plan: DuePlan): AsyncGenerator<Tick, void> {
    for await (const _ of this.dues(plan)) {
      const tick = await this.tick();
      yield tick;
      if (tick.isLast) return;
    }
  }

  /** The profiles of `ticks`. */
  async *snapshots({ since, ...plan }: DuePlan & { since: Since }): AsyncGenerator<Snapshot, void> {
    this.cover(since);
    for await (const tick of this.ticks(plan)) yield await this.symbolize(tick);
  }

  /** Now; the last one if `stop` was called before. */
  async tick(): Promise<Tick> {
    const isLast = this.#stopping !== undefined;
    const totals = await (this.#stopping ?? this.session.tick());
    return this.#nextTick(totals, isLast);
  }

  /** The profile of the newest tick. */
  async symbolize(tick: Tick): Promise<Snapshot> {
    const beginNs = process.hrtime.bigint();
    const isPart = this.#since === 'last';
    const batch = this.session.take({ forget: isPart });
    this.#note(batch, isPart);
    const assembler = this.#assemblerFor(isPart);
    await assembler.add(batch);
    const delivered = hitCount(batch);
    const targets = this.targets();
    const grouping = groupingOf(this.plan.groupBy, this.session.processes, this.#launchedTarget, tick.totals);
    const built = assembler.snapshot(grouping);
    const earlier = this.#measurements;
    const measurements = {
      totals: tick.isCutOff ? withKnownFired(tick.totals, earlier.delivered + delivered) : tick.totals,
      delivered: earlier.delivered + delivered,
      statistics: isPart ? sumOfStatistics(earlier.statistics, built.statistics) : built.statistics,
    };
    this.#measurements = measurements;
    const covered = isPart
      ? {
          totals: totalsBetween(earlier.totals, measurements.totals),
          delivered,
          statistics: built.statistics,
        }
      : measurements;
    return {
      ...tick,
      built,
      grouping,
      account: accountOf(this.plan.capture, covered, targets),
      measurements,
      raw: this.#raw,
      work: this.#work,
      symbolizeNs: Number(process.hrtime.bigint() - beginNs),
    };
  }

  /**
   * What had arrived when the sampler was lost. It is complete up to the last second; of that it has new stacks without
   * their repetitions, and how many samples fired is unknown. Undefined if the loss was too early for any share to be
   * right.
   */
  salvage(): Tick | undefined {
    const totals = this.session.latestTotals;
    return totals && { ...this.#nextTick(totals, true), isCutOff: true };
  }

  /** The observed processes as the summary lists them. */
  targets(): SummaryTarget[] {
    return summaryTargets(this.session.processes, this.#launchedTarget, this.#buildIds);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopRequest.resolve();
    await this.session.close();
  }

  get #launchedTarget(): PreparedTarget {
    if (this.#target === undefined) throw new Error('no target was launched');
    return this.#target;
  }

  #note(batch: RawBatch, isPart: boolean): void {
    this.#work.add(batch, isPart);
    for (const { path, buildId } of batch.objects)
      if (this.session.processes.some(({ executable }) => executable === path))
        this.#buildIds.set(path, buildId);
    if (this.plan.keepsRaw)
      this.#raw = isPart || this.#raw === undefined ? batch : joinBatches(this.#raw, batch);
  }

  #assemblerFor(isPart: boolean): ProfileAssembler {
    const events = [this.plan.capture.event];
    if (isPart || this.#assembler === undefined)
      this.#assembler = new ProfileAssembler(this.#symbolizer, this.#launchedTarget.packages, events);
    return this.#assembler;
  }

  #nextTick(totals: CaptureTotals, isLast: boolean): Tick {
    const tick = { number: this.#number++, isLast, from: this.#from, to: new Date(), totals };
    if (this.#since === 'last') this.#from = tick.to;
    return tick;
  }

  async #untilDue(dueMs: number): Promise<void> {
    const waiting = new AbortController();
    const { signal } = waiting;
    const due = Number.isFinite(dueMs)
      ? sleep(Math.max(0, dueMs - performance.now()), undefined, { signal }).catch(() => {})
      : new Promise<never>(() => {});
    await this.#unlessStopped(due).finally(() => waiting.abort());
  }

  /** Rejects if the sampler is lost meanwhile. */
  async #unlessStopped(work: Promise<void>): Promise<void> {
    await Promise.race([work, this.#stopRequest.promise, this.session.failed]);
  }
}

/** The counters were read at another moment than the samples. */
function withKnownFired(totals: CaptureTotals, delivered: number): CaptureTotals {
  return { ...totals, fired: delivered + lostCount(totals.lost) };
}

/** Both since the begin; moments that passed while somebody was busy are left out. */
function nextDueMs(lastMs: number, nowMs: number, everyMs = Number.POSITIVE_INFINITY): number {
  const dueMs = lastMs + everyMs;
  return dueMs >= nowMs ? dueMs : Math.ceil(nowMs / everyMs) * everyMs;
}
