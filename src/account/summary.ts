import type { UnwindingCheck } from '../capture/raw-profile.js';
import type { SymbolCacheStatistics } from '../ffi/sampler-connection.js';
import type { Unwinder } from '../ffi/sampler-messages.js';
import { emptyStatistics, type FrameStatistics } from '../symbolize/frame-statistics.js';
import { ProblemList } from './problems/problem-list.js';

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

/** The summary JSON (`profile-bee.summary/1`). Times in ns, memory in bytes, counts in samples or frames. */
export interface Summary {
  schema: typeof SUMMARY_SCHEMA;
  version: string;
  exit: ExitStatus;
  targets: SummaryTarget[];
  /**
   * `skipped`: samples that were due while a target was running and were not taken. `stolenNs`: CPU time that the host
   * of a virtual machine took meanwhile. `throttled`: the skipped samples that it does not explain.
   */
  event: { name: string; frequencyHz: number; throttled: number; skipped: number; stolenNs: number };
  unwinder: Unwinder;
  elevation: 'none' | 'capabilities' | 'setup' | 'sudo';
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
  /** Addresses by where they were symbolized. */
  names: SymbolCacheStatistics;
  cost: {
    source: 'kernel' | 'sampled';
    targetCpuNs: number;
    /** CPU time of the sampler after the first target was released; before that: samplerLoadCpuNs. */
    samplerCpuNs: number;
    samplerLoadCpuNs: number;
    bpfRunNs: number;
    samplerPeakRssBytes: number;
    cliPeakRssBytes: number;
    /** Peak use. */
    tableBytes: number;
    /** Tables of files that no process mapped any more, evicted to make room for others. */
    tablesEvicted: number;
    /** Files whose tables did not fit. */
    tablesRefused: number;
  };
  phasesNs: Record<PhaseName, number>;
  outputs: SummaryOutput[];
  problems: ProblemList;
}

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

/** The summary before anything has happened. */
export function emptySummary(
  version: string,
  event: { name: string; frequencyHz: number },
  unwinder: Unwinder,
): Summary {
  return {
    schema: SUMMARY_SCHEMA,
    version,
    exit: { code: 0, source: 'target', signal: null },
    targets: [],
    event: { ...event, throttled: 0, skipped: 0, stolenNs: 0 },
    unwinder,
    elevation: 'none',
    samples: { fired: 0, expected: 0, delivered: 0, unaccounted: 0, lost: {} },
    ...emptyStatistics(),
    names: { ahead: 0, fromDisk: 0, resolved: 0, evicted: 0, damagedFiles: 0, unwrittenFiles: 0 },
    cost: {
      source: 'kernel',
      targetCpuNs: 0,
      samplerCpuNs: 0,
      samplerLoadCpuNs: 0,
      bpfRunNs: 0,
      samplerPeakRssBytes: 0,
      cliPeakRssBytes: 0,
      tableBytes: 0,
      tablesEvicted: 0,
      tablesRefused: 0,
    },
    phasesNs: {
      metadata: 0,
      build: 0,
      samplerStart: 0,
      attachToFirstSample: 0,
      run: 0,
      tables: 0,
      symbolize: 0,
      write: 0,
      exitToOutput: 0,
    },
    outputs: [],
    problems: new ProblemList(),
  };
}

/**
 * Of the user stacks, without threads that were exiting. Without samples the result is 0: a run without samples is
 * empty, not complete.
 */
export function completePercent({
  stacks,
  samples,
}: {
  stacks: Summary['stacks'];
  samples: Pick<Summary['samples'], 'delivered'>;
}): number {
  return percent(
    stacks.complete,
    stacks.user - (stacks.incomplete.exiting ?? 0),
    samples.delivered > 0 ? 100 : 0,
  );
}

export function symbolizedPercent({ frames, samples }: Summary): number {
  return percent(frames.symbolized, frames.user, samples.delivered > 0 ? 100 : 0);
}

/** Share of user frames whose caller was found by frame pointer although neither a table nor the code proves it. */
export function guessedPercent({ frames }: Pick<Summary, 'frames'>): number {
  return percent(frames.by.guessed, frames.user, 0);
}

export function lostPercent({ samples }: Summary): number {
  return 100 - percent(samples.fired - lostCount(samples.lost), samples.fired);
}

/** Of the samples due. */
export function skippedPercent({ samples, event }: Summary): number {
  return percent(event.skipped, samples.fired + event.skipped, 0);
}

export function throttledPercent({ samples, event }: Summary): number {
  return percent(event.throttled, samples.fired + Math.max(event.skipped, event.throttled), 0);
}

export function unaccountedPercent({ samples }: Summary): number {
  return 100 - percent(samples.fired - Math.abs(samples.unaccounted), samples.fired);
}

export function lostCount(lost: Record<string, number>): number {
  return Object.values(lost).reduce((sum, count) => sum + count, 0);
}

function percent(part: number, whole: number, ofNothing = 100): number {
  return whole === 0 ? ofNothing : (100 * part) / whole;
}
