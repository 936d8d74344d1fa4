import { qualityProblems } from '../../account/quality.js';
import { type Account, completePercent, symbolizedPercent } from '../../account/summary.js';
import type { CaptureProblem } from '../../capture/capture-problem.js';
import { FOLDED } from '../../formats/folded.js';
import { functionsOf } from '../../profile/functions.js';
import type { Snapshot } from '../../run/run.js';
import type { ProfileSnapshot, SnapshotTotals } from './profile-snapshot.js';

/** A snapshot as programs see it. */
export function toSnapshot(
  { number, isLast, from, to, account, built: { profile } }: Snapshot,
  problems: readonly CaptureProblem[],
): ProfileSnapshot {
  let functions: ReturnType<typeof functionsOf> | undefined;
  return Object.freeze({
    number,
    isLast,
    from,
    to,
    totals: totalsOf(account),
    profile,
    problems: [...new Set([...qualityProblems(account), ...problems].map(({ code }) => code))],
    functions: () => {
      functions ??= functionsOf(profile);
      return functions;
    },
    folded: () => [...FOLDED.write(profile)].join(''),
  });
}

function totalsOf(account: Account): SnapshotTotals {
  const { samples, cost } = account;
  return {
    samples: samples.delivered,
    fired: samples.fired,
    lost: samples.lost,
    unaccounted: samples.unaccounted,
    completePercent: completePercent(account),
    symbolizedPercent: symbolizedPercent(account),
    targetCpuNs: cost.targetCpuNs,
    bpfRunNs: cost.bpfRunNs,
    samplerCpuNs: cost.samplerCpuNs,
  };
}
