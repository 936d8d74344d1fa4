import type { CaptureTotals } from '../../capture/raw-profile.js';
import type { CapturePlan } from '../../ffi/sampler-messages.js';
import { fullMapProblems } from './full-map-problems.js';
import { leftOutProblems } from './left-out-problems.js';
import type { Problem } from './problem-list.js';
import { tableProblems } from './table-problems.js';

/** What the counters of a whole run say beside its samples. */
export function measurementProblems(totals: CaptureTotals, plan: CapturePlan): Problem[] {
  return [...leftOutProblems(totals), ...fullMapProblems(totals), ...tableProblems(totals, plan)];
}
