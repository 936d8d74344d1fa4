import { formatCount } from './format-count.js';
import type { Problem } from './problem-list.js';
import { lostCount, type Summary, throttledPercent } from './summary.js';

/** Below this the cost, as a share, says more about the start-up of both than about sampling. */
const MIN_CPU_NS = 100_000_000;
/** Of the program's CPU time. Above it caches, timing and whatever depends on them are no longer the program's own. */
const MAX_COST_PERCENT = 20;
/** As many as may be lost. */
const MAX_THROTTLED_PERCENT = 2;
/** What a suggested rate is meant to cost. */
const AIMED_COST_PERCENT = 5;
/** A walk this long, on average, is what costs; a limit then helps as much as a lower rate. */
const DEEP_FRAMES = 200;
/** Rates that beat with no other clock of the machine. */
const RATES_HZ = [9, 19, 49, 99, 199, 499, 997, 1999, 4999, 9999];

/** Of the program's CPU time, in percent; undefined where that is too short to tell. */
export function costPercent({ cost }: Pick<Summary, 'cost'>): number | undefined {
  if (cost.targetCpuNs < MIN_CPU_NS) return undefined;
  return (100 * (cost.bpfRunNs + cost.samplerCpuNs)) / cost.targetCpuNs;
}

/** Where the profiler took so much of the machine that the program ran otherwise than alone. */
export function overloadProblems(summary: Summary): Problem[] {
  const problems: Problem[] = [];
  const percent = costPercent(summary);
  // --check-unwinding is asked for whatever it costs.
  const isExpected = summary.unwindingCheck !== undefined;
  if (percent !== undefined && percent > MAX_COST_PERCENT && !isExpected) {
    const message = `profiling cost ${percent.toFixed(0)} % of the program's CPU time, so it ran otherwise than alone: ${costAdvice(summary)}`;
    problems.push({ code: 'costly', message });
  }
  if (throttledPercent(summary) > MAX_THROTTLED_PERCENT) {
    const { frequencyHz } = summary.event;
    const missing = `${throttledPercent(summary).toFixed(1)} % of the samples that were due did not come`;
    const message = `${missing}: the kernel does not keep up with ${formatCount(frequencyHz)} Hz here (${lower(frequencyHz, 0.5)})`;
    problems.push({ code: 'throttled-samples', message });
  }
  return problems;
}

/** Samples cost, and so do unwind tables, which a rate does not change. */
function costAdvice({ cost, phasesNs, event, stacks, frames }: Summary): string {
  const ofTablesNs = Math.min(phasesNs.tables, cost.samplerCpuNs);
  const ofSamplesNs = cost.bpfRunNs + cost.samplerCpuNs - ofTablesNs;
  if (ofTablesNs > ofSamplesNs)
    return 'most of it is the reading of unwind tables, which weighs less in a longer run (--unwind fp does without)';
  const factor = ((AIMED_COST_PERCENT / 100) * cost.targetCpuNs) / ofSamplesNs;
  const depth = stacks.user === 0 ? 0 : frames.user / stacks.user;
  const orDepth =
    depth < DEEP_FRAMES
      ? ''
      : `, or cut stacks of ${formatCount(Math.round(depth))} frames with --max-depth 100`;
  return `${lower(event.frequencyHz, factor)}${orDepth}`;
}

/** What helps against a full ring: half of what came through. Empty where samples got lost in another way. */
export function lossAdvice({ samples, event }: Pick<Summary, 'samples' | 'event'>): string {
  const { ringbufFull = 0 } = samples.lost;
  if (2 * ringbufFull < lostCount(samples.lost)) return '';
  return `; ${lower(event.frequencyHz, 0.5 * (1 - ringbufFull / samples.fired))}`;
}

function lower(frequencyHz: number, factor: number): string {
  const aimedHz = Math.min(frequencyHz * factor, frequencyHz - 1);
  const suggestedHz = RATES_HZ.findLast((hz) => hz <= aimedHz) ?? Math.max(1, Math.floor(aimedHz));
  return suggestedHz < frequencyHz
    ? `lower --frequency ${frequencyHz} to ${suggestedHz}`
    : 'nothing lower than --frequency 1 is left';
}
