import type { UnwindingCheck } from '../capture/raw-profile.js';
import type { SymbolCacheStatistics } from '../ffi/sampler-connection.js';
import type { Unwinder } from '../ffi/sampler-messages.js';
import type { FrameStatistics } from '../symbolize/frame-statistics.js';
import type { ProblemList } from './problems/problem-list.js';

export const SUMMARY_SCHEMA = 'profile-bee.summary/1';

export type ExitSource = 'target' | 'cargo' | 'profiler' | 'usage' | 'privilege' | 'require';

export interface ExitStatus {
  code: number;
  source: ExitSource;
  /** For example SIGKILL. */
  signal: string | null;
}

export interface SummaryTarget {
  argv: readonly string[];
  pid: number;
  uid: number;
  package?: string;
  kind: string;
  profile?: string;
  optLevel?: string;
  debuginfo?: string;
  buildId?: string;
  exitCode: number | null;
  signal: string | null;
}

export interface SummaryOutput {
  path: string;
  format: string;
  /** With `--split`, the root whose part this is. */
  root?: string;
  bytes: number;
  framesShown?: number;
  framesHidden?: number;
}

/**
 * What samples are worth: of a run, of a part of it, or of one interval. Times in ns, memory in bytes, counts in samples
 * or frames.
 */
export interface Account {
  targets: readonly SummaryTarget[];
  /**
   * `skipped`: samples that were due while a target was running and were not taken. `stolenNs`: CPU time that the host
   * of a virtual machine took meanwhile. `throttled`: the skipped samples that it does not explain.
   */
  event: { name: string; frequencyHz: number; throttled: number; skipped: number; stolenNs: number };
  unwinder: Unwinder;
  samples: {
    fired: number;
    expected: number;
    delivered: number;
    unaccounted: number;
    lost: Record<string, number>;
  };
  stacks: FrameStatistics['stacks'];
  frames: FrameStatistics['frames'];
  /** Only with --check-unwinding. `differ` repeats `differing` under its newer name. */
  unwindingCheck?: UnwindingCheck & { differ: number };
  cost: {
    source: 'kernel' | 'sampled';
    targetCpuNs: number;
    /** CPU time of the sampler after the first target was released; before that: samplerLoadCpuNs. */
    samplerCpuNs: number;
    samplerLoadCpuNs: number;
    bpfRunNs: number;
    samplerPeakRssBytes: number;
    /** Peak use. */
    tableBytes: number;
    /** Tables of files that no process mapped any more, evicted to make room for others. */
    tablesEvicted: number;
    /** Files whose tables did not fit. */
    tablesRefused: number;
  };
  /** `tables`: reading unwind tables. */
  phasesNs: Record<'tables' | 'attachToFirstSample', number>;
}

/** The summary JSON (`profile-bee.summary/1`): the account of a run, and how the run went. */
export interface Summary extends Account {
  schema: typeof SUMMARY_SCHEMA;
  version: string;
  exit: ExitStatus;
  elevation: Elevation;
  /** Addresses by where they were symbolized. */
  names: SymbolCacheStatistics;
  cost: Account['cost'] & { cliPeakRssBytes: number };
  phasesNs: Record<PhaseName, number>;
  outputs: readonly SummaryOutput[];
  problems: ProblemList;
}

export type Elevation = 'none' | 'capabilities' | 'setup' | 'sudo';

export type PhaseName =
  | 'metadata'
  | 'build'
  | 'samplerStart'
  | 'attachToFirstSample'
  | 'run'
  | 'tables'
  | 'symbolize'
  | 'write'
  | 'exitToOutput';

/**
 * Of the user stacks, without threads that were exiting. Without samples the result is 0: a run without samples is
 * empty, not complete.
 */
export function completePercent({
  stacks,
  samples,
}: {
  stacks: Account['stacks'];
  samples: Pick<Account['samples'], 'delivered'>;
}): number {
  return percent(
    stacks.complete,
    stacks.user - (stacks.incomplete.exiting ?? 0),
    samples.delivered > 0 ? 100 : 0,
  );
}

export function symbolizedPercent({ frames, samples }: Account): number {
  return percent(frames.symbolized, frames.user, samples.delivered > 0 ? 100 : 0);
}

/** Share of user frames whose caller was found by frame pointer although neither a table nor the code proves it. */
export function guessedPercent({ frames }: Pick<Account, 'frames'>): number {
  return percent(frames.by.guessed, frames.user, 0);
}

export function lostPercent({ samples }: Account): number {
  return 100 - percent(samples.fired - lostCount(samples.lost), samples.fired);
}

/** Of the samples due. */
export function skippedPercent({ samples, event }: Account): number {
  return percent(event.skipped, samples.fired + event.skipped, 0);
}

export function throttledPercent({ samples, event }: Account): number {
  return percent(event.throttled, samples.fired + Math.max(event.skipped, event.throttled), 0);
}

export function unaccountedPercent({ samples }: Account): number {
  return 100 - percent(samples.fired - Math.abs(samples.unaccounted), samples.fired);
}

export function lostCount(lost: Record<string, number>): number {
  return Object.values(lost).reduce((sum, count) => sum + count, 0);
}

function percent(part: number, whole: number, ofNothing = 100): number {
  return whole === 0 ? ofNothing : (100 * part) / whole;
}
