import type { CaptureTotals, UnwindingCheck } from '../capture/raw-profile.js';
import type { CapturePlan } from '../ffi/sampler-messages.js';
import { emptyStatistics, type FrameStatistics } from '../symbolize/frame-statistics.js';
import { type Account, lostCount, type SummaryTarget } from './summary.js';

/** The part of a capture's plan on which its account depends. */
export type AccountedPlan = Pick<CapturePlan, 'event' | 'frequencyHz' | 'unwinder'>;

/** What was measured, in a run or in a part of it. */
export interface Measurements {
  totals: CaptureTotals;
  /** Samples. */
  delivered: number;
  statistics: FrameStatistics;
}

export function accountOf(
  plan: AccountedPlan,
  { totals, delivered, statistics }: Measurements,
  targets: readonly SummaryTarget[],
): Account {
  const { fired, lost, targetCpuNs, unwindingCheck } = totals;
  const expected = Math.round((targetCpuNs * plan.frequencyHz) / 1e9);
  return {
    targets,
    event: { name: plan.event, frequencyHz: plan.frequencyHz, ...missingTicks(totals, plan.frequencyHz) },
    unwinder: plan.unwinder,
    samples: { fired, expected, delivered, unaccounted: fired - delivered - lostCount(lost), lost },
    ...statistics,
    ...(unwindingCheck && { unwindingCheck: withBothNames(unwindingCheck) }),
    cost: costOf(totals),
    phasesNs: { tables: totals.tablesNs, attachToFirstSample: totals.attachToFirstSampleNs },
  };
}

/** A pause also shows as skipped ticks if a target was running meanwhile. */
function missingTicks(
  { throttled: pauses, skippedTicks: skipped, stolenNs }: CaptureTotals,
  frequencyHz: number,
): Pick<Account['event'], 'throttled' | 'skipped' | 'stolenNs'> {
  const stolenTicks = Math.round((stolenNs * frequencyHz) / 1e9);
  return { throttled: Math.max(pauses, skipped - stolenTicks), skipped, stolenNs };
}

function withBothNames({
  checked,
  differing,
  ...others
}: UnwindingCheck): UnwindingCheck & { differ: number } {
  return { checked, differ: differing, differing, ...others };
}

function costOf(totals: CaptureTotals): Account['cost'] {
  const { costSource: source, targetCpuNs, samplerCpuNs, samplerLoadCpuNs, bpfRunNs } = totals;
  const { samplerPeakRssBytes, tableBytes, tablesEvicted, tablesRefused } = totals;
  return {
    source,
    targetCpuNs,
    samplerCpuNs,
    samplerLoadCpuNs,
    bpfRunNs,
    samplerPeakRssBytes,
    tableBytes,
    tablesEvicted,
    tablesRefused,
  };
}

/** Before anything was measured. */
export function noMeasurements(): Measurements {
  return { totals: NO_TOTALS, delivered: 0, statistics: emptyStatistics() };
}

/** Numbers that are states or peaks; every other grows during a capture. */
const STATES: ReadonlySet<string> = new Set<keyof CaptureTotals>([
  'samplerPeakRssBytes',
  'tableBytes',
  'attachToFirstSampleNs',
  'stillRunning',
  'maxProcesses',
]);

/** What came between two moments of a capture; undefined: its beginning. */
export function totalsBetween(earlier: CaptureTotals | undefined, later: CaptureTotals): CaptureTotals {
  if (earlier === undefined) return later;
  return {
    ...later,
    ...differences(growing(earlier), growing(later)),
    lost: differences(earlier.lost, later.lost),
    ...(later.unwindingCheck && {
      unwindingCheck: differences({ ...earlier.unwindingCheck }, { ...later.unwindingCheck }),
    }),
  };
}

function growing(totals: CaptureTotals): Record<string, number> {
  const numbers = Object.entries(totals).filter(([, value]) => typeof value === 'number');
  return Object.fromEntries(numbers.filter(([name]) => !STATES.has(name)) as [string, number][]);
}

function differences<Counts extends Record<string, number>>(
  earlier: Partial<Record<string, number>>,
  later: Counts,
): Counts {
  const entries = Object.entries(later).map(([name, count]) => [name, count - (earlier[name] ?? 0)]);
  return Object.fromEntries(entries) as Counts;
}

/** Of two parts of a run together. */
export function sumOfStatistics(one: FrameStatistics, other: FrameStatistics): FrameStatistics {
  const maxDepth = Math.max(one.stacks.maxDepth, other.stacks.maxDepth);
  return {
    stacks: { ...sumOf(one.stacks, other.stacks), maxDepth },
    frames: sumOf(one.frames, other.frames),
  };
}

type Counts = { [name: string]: number | Counts };

/** Of two objects of the same shape. */
function sumOf<Shape extends object>(one: Shape, other: Shape): Shape {
  const right = other as Counts;
  const entries = Object.entries(one as Counts).map(([name, left]) => [
    name,
    typeof left === 'number' ? left + (right[name] as number) : sumOf(left, right[name] as Counts),
  ]);
  return Object.fromEntries(entries) as Shape;
}

const NO_TOTALS: CaptureTotals = {
  fired: 0,
  lost: {},
  snapshots: 0,
  snapshotsOverBudget: 0,
  targetCpuNs: 0,
  samplerCpuNs: 0,
  samplerLoadCpuNs: 0,
  bpfRunNs: 0,
  samplerPeakRssBytes: 0,
  tableBytes: 0,
  tablesEvicted: 0,
  tablesRefused: 0,
  tablesNs: 0,
  attachToFirstSampleNs: 0,
  stillRunning: 0,
  stillRunningPids: [],
  throttled: 0,
  skippedTicks: 0,
  stolenNs: 0,
  startersFull: 0,
  processesFull: 0,
  spacesFull: 0,
  endsFull: 0,
  runtimeBasesFull: 0,
  maxProcesses: 0,
  foreignExecs: 0,
  foreignSamples: 0,
  costSource: 'kernel',
};
