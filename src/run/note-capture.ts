import { enumerate } from '../account/enumerate.js';
import { fullMapProblems } from '../account/problems/full-map-problems.js';
import { leftOutProblems } from '../account/problems/left-out-problems.js';
import { tableProblems } from '../account/problems/table-problems.js';
import { lostCount, type Summary, type SummaryTarget } from '../account/summary.js';
import { readProcessTable, shownProcess } from '../capture/machine/process-table.js';
import type { CaptureTotals, RawObject, RawProfile, UnwindingCheck } from '../capture/raw-profile.js';
import type { RunningTarget } from './running-target.js';
import { signalName } from './signals/signal-name.js';
import type { LaunchEnd, Launched } from './targets/prepared-target.js';

/** Records what was sampled, lost and spent, and which processes took part. */
export function noteCapture(raw: RawProfile, run: RunningTarget, summary: Summary): void {
  const { totals, samples, objects } = raw;
  const { plan } = run;
  const delivered = samples.reduce((sum, { count }) => sum + count, 0);
  const expected = Math.round((totals.targetCpuNs * plan.frequencyHz) / 1e9);
  const unaccounted = totals.fired - delivered - lostCount(totals.lost);
  summary.samples = { fired: totals.fired, expected, delivered, unaccounted, lost: totals.lost };
  Object.assign(summary.event, missingTicks(totals, plan.frequencyHz));
  summary.phasesNs.tables = totals.tablesNs;
  summary.phasesNs.attachToFirstSample = totals.attachToFirstSampleNs;
  const { costSource: source, targetCpuNs, samplerCpuNs, samplerLoadCpuNs, bpfRunNs } = totals;
  const { samplerPeakRssBytes, tableBytes, tablesEvicted, tablesRefused } = totals;
  const times = { targetCpuNs, samplerCpuNs, samplerLoadCpuNs, bpfRunNs };
  const tables = { tableBytes, tablesEvicted, tablesRefused };
  summary.cost = { ...summary.cost, source, ...times, samplerPeakRssBytes, ...tables };
  noteTargets(objects, run, summary);
  summary.problems.addAll([
    ...leftOutProblems(totals),
    ...fullMapProblems(totals),
    ...tableProblems(totals, plan),
  ]);
  if (totals.unwindingCheck !== undefined) summary.unwindingCheck = withBothNames(totals.unwindingCheck);
}

/** A pause also shows as skipped ticks if a target was running meanwhile. */
function missingTicks(
  { throttled: pauses, skippedTicks: skipped, stolenNs }: CaptureTotals,
  frequencyHz: number,
): Pick<Summary['event'], 'throttled' | 'skipped' | 'stolenNs'> {
  const stolenTicks = Math.round((stolenNs * frequencyHz) / 1e9);
  return { throttled: Math.max(pauses, skipped - stolenTicks), skipped, stolenNs };
}

function withBothNames({
  checked,
  differing,
  ...others
}: UnwindingCheck): NonNullable<Summary['unwindingCheck']> {
  return { checked, differ: differing, differing, ...others };
}

export function noteTargets(
  objects: readonly RawObject[],
  { session, target }: RunningTarget,
  summary: Summary,
): void {
  const buildIds = new Map(objects.map(({ path, buildId }) => [path, buildId]));
  summary.targets = session.processes.map((process): SummaryTarget => {
    const { argv, pid, uid, executable, end } = process;
    const exit = { exitCode: end?.exitCode ?? null, signal: end?.signal ? signalName(end.signal) : null };
    const buildId = buildIds.get(executable);
    return { argv, pid, uid, ...(buildId ? { buildId } : {}), ...target.factsOf(process), ...exit };
  });
}

/** For example a daemon: its later work is not in the profile, and the target's end does not reveal that. */
export function noteStillRunning({ totals }: RawProfile, summary: Summary): void {
  const { stillRunning, stillRunningPids } = totals;
  if (stillRunning === 0) return;
  const table = readProcessTable();
  const living = stillRunningPids.flatMap((pid) => table.get(pid) ?? []);
  const names = living.length > 0 ? ` (${enumerate(living.map(shownProcess))})` : '';
  const flag = `--pid ${living.map(({ pid }) => pid).join(',') || 'PID'}`;
  const message = `${stillRunning === 1 ? '1 child process is' : `${stillRunning} child processes are`} still running${names} and no longer profiled; continue with profile-bee ${flag}`;
  summary.problems.add({ code: 'still-running', message });
}

/** Our own child's end, which nobody else reports. */
export function noteEnd(summary: Summary, launched: Launched, { code, signal }: LaunchEnd): void {
  const target = summary.targets.find(({ pid }) => pid === launched.pid);
  if (target !== undefined) Object.assign(target, { exitCode: code, signal });
}
