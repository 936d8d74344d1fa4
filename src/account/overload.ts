import { formatCount } from './format-count.js';
import type { Problem } from './problems/problem-list.js';
import { type Account, lostCount, throttledPercent } from './summary.js';

/** Below this CPU time, the cost share reflects start-up more than sampling. */
const MIN_CPU_NS = 100_000_000;
/** Of the target's CPU time. Above it, caches and timing no longer behave as in an unprofiled run. */
const MAX_COST_PERCENT = 20;
/** Same limit as for lost samples. */
const MAX_THROTTLED_PERCENT = 2;
/** The cost that a suggested rate aims at. */
const AIMED_COST_PERCENT = 5;
/** At this average depth the walk dominates the cost, so a depth limit helps as much as a lower rate. */
const DEEP_FRAMES = 200;
/** Rates that do not run in step with any other clock of the machine. */
const RATES_HZ = [9, 19, 49, 99, 199, 499, 997, 1999, 4999, 9999];

/** Percent of the target's CPU time; undefined if that is too short to tell. */
export function costPercent({ cost }: Pick<Account, 'cost'>): number | undefined {
  if (cost.targetCpuNs < MIN_CPU_NS) return undefined;
  return (100 * (cost.bpfRunNs + cost.samplerCpuNs)) / cost.targetCpuNs;
}

/** Cases in which profiling took so much of the machine that the target behaved differently. */
export function overloadProblems(account: Account): Problem[] {
  const problems: Problem[] = [];
  const percent = costPercent(account);
  // --check-unwinding is expensive by design.
  const isExpected = account.unwindingCheck !== undefined;
  if (percent !== undefined && percent > MAX_COST_PERCENT && !isExpected) {
    const message = `profiling cost ${percent.toFixed(0)} % of the target's CPU time and distorted the run: ${costAdvice(account)}`;
    problems.push({ code: 'costly', message });
  }
  if (throttledPercent(account) > MAX_THROTTLED_PERCENT) {
    const { frequencyHz } = account.event;
    const missing = `${throttledPercent(account).toFixed(1)} % of the samples due were not taken`;
    const message = `${missing}: the kernel cannot keep up with ${formatCount(frequencyHz)} Hz on this machine (${lower(frequencyHz, 0.5)})`;
    problems.push({ code: 'throttled-samples', message });
  }
  return problems;
}

/** A lower rate makes samples cheaper, but not the loading of unwind tables. */
function costAdvice({ cost, phasesNs, event, stacks, frames }: Account): string {
  const ofTablesNs = Math.min(phasesNs.tables, cost.samplerCpuNs);
  const ofSamplesNs = cost.bpfRunNs + cost.samplerCpuNs - ofTablesNs;
  if (ofTablesNs > ofSamplesNs)
    return 'most of it went into reading unwind tables, which weighs less in a longer run (--unwind fp needs none)';
  const factor = ((AIMED_COST_PERCENT / 100) * cost.targetCpuNs) / ofSamplesNs;
  const depth = stacks.user === 0 ? 0 : frames.user / stacks.user;
  const orDepth =
    depth < DEEP_FRAMES
      ? ''
      : `, or cut stacks of ${formatCount(Math.round(depth))} frames with --max-depth 100`;
  return `${lower(event.frequencyHz, factor)}${orDepth}`;
}

/** Advice against a full ring: half the rate that got through. Empty if most samples were lost for another reason. */
export function lossAdvice({ samples, event }: Pick<Account, 'samples' | 'event'>): string {
  const { ringbufFull = 0 } = samples.lost;
  if (2 * ringbufFull < lostCount(samples.lost)) return '';
  return `; ${lower(event.frequencyHz, 0.5 * (1 - ringbufFull / samples.fired))}`;
}

function lower(frequencyHz: number, factor: number): string {
  const aimedHz = Math.min(frequencyHz * factor, frequencyHz - 1);
  const suggestedHz = RATES_HZ.findLast((hz) => hz <= aimedHz) ?? Math.max(1, Math.floor(aimedHz));
  return suggestedHz < frequencyHz
    ? `lower --frequency ${frequencyHz} to ${suggestedHz}`
    : '--frequency is already at its minimum, 1';
}
