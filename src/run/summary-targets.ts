import type { SummaryTarget } from '../account/summary.js';
import type { ObservedProcess } from '../capture/capture-session.js';
import { signalName } from './signals/signal-name.js';
import type { LaunchEnd, Launched, PreparedTarget } from './targets/prepared-target.js';

/** The processes that came through the gate or were named, as the summary lists them. `buildIds`: by path. */
export function summaryTargets(
  processes: readonly ObservedProcess[],
  target: PreparedTarget,
  buildIds: ReadonlyMap<string, string>,
): SummaryTarget[] {
  return processes.map((process) => {
    const { argv, pid, uid, executable, end } = process;
    const exit = { exitCode: end?.exitCode ?? null, signal: end?.signal ? signalName(end.signal) : null };
    const buildId = buildIds.get(executable);
    return { argv, pid, uid, ...(buildId ? { buildId } : {}), ...target.factsOf(process), ...exit };
  });
}

/** With the end of our own child, which nobody else reports. */
export function withOwnEnd(
  targets: readonly SummaryTarget[],
  launched: Launched,
  { code, signal }: LaunchEnd,
): SummaryTarget[] {
  return targets.map((target) =>
    target.pid === launched.pid ? { ...target, exitCode: code, signal } : target,
  );
}
