import { accountOf } from '../../../../account/account.js';
import { failedRules } from '../../../../account/require-rules.js';
import type { ExitStatus } from '../../../../account/summary.js';
import { isUnwindingDoubtful } from '../../../../account/unwinding-verdict.js';
import { CaptureError } from '../../../../capture/capture-error.js';
import { Interrupted } from '../../../../run/signals/interrupts.js';
import { endTargets, passingOn } from '../../../../run/signals/pass-signals.js';
import { stillRunningProblems } from '../../../../run/still-running.js';
import { withOwnEnd } from '../../../../run/summary-targets.js';
import { saveSymbolCache } from '../../../../run/symbol-cache/symbol-cache.js';
import { exitCodeOf, type LaunchEnd } from '../../../../run/targets/prepared-target.js';
import { type RunEnd, waitForEnd } from '../../../../run/wait-for-end.js';
import { explainCapture } from '../../command-line/errors/capture-error-texts.js';
import { captureProblems } from '../../command-line/errors/capture-problems.js';
import { explain } from '../../command-line/explain.js';
import { openFlamegraph } from '../../outputs/open-flamegraph.js';
import type { RunInProgress } from './run-in-progress.js';
import { writeCutOff, writeTick } from './write-tick.js';

/** Time for a command to exit after SIGTERM when the duration is over. */
const GRACE_MS = 5000;

/** Samples until the end, writes what each tick brings, and judges the run. */
export async function profile(run: RunInProgress): Promise<ExitStatus> {
  const { options, session, outputs, facts, interrupts, terminal } = run;
  const ending = untilSamplingEnds(run);
  await writeTicks(run, ending);
  const end = await ending;
  if (session.processes.length === 0) return nothingRan(end, run);
  if (outputs.flamegraph !== undefined) await openFlamegraph(outputs.flamegraph, options.open, terminal);
  const { names, notSaved } = await saveSymbolCache(session.native);
  facts.names = names;
  if (notSaved !== undefined) terminal.detail(notSaved);
  return statusOf(await interrupts.orThrow(finalEnd(end, run)), run);
}

/** A command whose duration is over gets SIGTERM. */
async function untilSamplingEnds(run: RunInProgress): Promise<RunEnd> {
  const { capture, target, facts, interrupts } = run;
  const beginNs = process.hrtime.bigint();
  const end = await waitForEnd(run, run.options.durationMs).finally(() => {
    facts.phasesNs.run = Number(process.hrtime.bigint() - beginNs);
  });
  await interrupts.orThrow(capture.stop());
  if (end.why === 'duration' && !target.isForeign) endTargets(run, 'SIGTERM');
  return end;
}

/** Rejects as `ending` does. */
async function writeTicks(run: RunInProgress, ending: Promise<RunEnd>): Promise<void> {
  const { capture, options, session, facts } = run;
  const { intervalMs: everyMs, durationMs } = options;
  capture.cover(everyMs === undefined ? 'start' : 'last');
  const ticks = capture.ticks({ everyMs, durationMs });
  const failure = ending.then(() => new Promise<never>(() => {}));
  for (;;) {
    const { done, value: tick } = await Promise.race([ticks.next(), failure]);
    if (done) return;
    if (tick.isLast) {
      facts.problems.addAll(captureProblems(session.problems));
      if ((await ending).why === 'ended') facts.problems.addAll(stillRunningProblems(tick.totals));
    }
    if (session.processes.length > 0) await writeTick(tick, run);
  }
}

/** The target keeps running unprofiled; if it fails, its exit code takes precedence over ours. */
export async function statusOfFailure(error: unknown, run: RunInProgress): Promise<ExitStatus> {
  const { launched, facts, interrupts, terminal, capture } = run;
  if (error instanceof Interrupted) throw error;
  if (isSamplerLost(error)) await writeWhatCame(error, run);
  if (launched.pid === undefined) throw error;
  const status = explain(error, terminal, facts.problems);
  if (facts.targets.length === 0) facts.targets = capture.targets();
  interrupts.onSignal = passingOn(run);
  const end = await interrupts.orThrow(launched.ended);
  facts.targets = withOwnEnd(facts.targets, launched, end);
  const code = exitCodeOf(end);
  return code === 0 ? status : { code, source: 'target', signal: end.signal };
}

function isSamplerLost(error: unknown): error is CaptureError {
  return error instanceof CaptureError && error.code === 'sampler';
}

/** Writes the part of the profile that was received; every output says that it is only a part. */
async function writeWhatCame(error: CaptureError, run: RunInProgress): Promise<void> {
  const { capture, session, facts, terminal } = run;
  const tick = capture.salvage();
  if (tick === undefined) return;
  facts.problems.addAll(captureProblems(session.problems));
  const seconds = (facts.phasesNs.run! / 1e9).toFixed(1);
  const message = `the profile is cut off after ${seconds} s, with few samples in the last second: ${explainCapture(error).cause}`;
  await writeCutOff(tick, run, message).catch((error) => {
    if (error instanceof Interrupted) throw error;
    explain(error, terminal, facts.problems);
  });
}

/** cargo ended without running anything (no tests, for example) and said so; an empty flamegraph would not help. */
function nothingRan(end: RunEnd, { target, facts, terminal }: RunInProgress): ExitStatus {
  const message = target.whyNothingRan?.() ?? 'no program was run: there is no profile';
  facts.problems.add({ code: 'nothing-ran', message });
  terminal.warn(message);
  const code = end.why === 'ended' ? exitCodeOf(end.end) : 0;
  return { code, source: 'cargo', signal: null };
}

/** If we ended the run (duration, Ctrl-C on a foreign process), that is a success whatever the target's exit code. */
async function finalEnd(end: RunEnd, run: RunInProgress): Promise<LaunchEnd> {
  const { launched, facts, terminal } = run;
  if (end.why === 'ended') return end.end;
  if (launched.pid !== undefined) {
    const kill = setTimeout(() => endTargets(run, 'SIGKILL'), GRACE_MS);
    const waiting = 'the duration is over: waiting for the command to exit after SIGTERM';
    const ownEnd = await terminal.progress(waiting, launched.ended);
    clearTimeout(kill);
    facts.targets = withOwnEnd(facts.targets, launched, ownEnd);
  }
  return { code: 0, signal: null };
}

function statusOf(end: LaunchEnd, { options, outputs, facts, terminal }: RunInProgress): ExitStatus {
  const code = exitCodeOf(end);
  const account = accountOf(facts.plan, facts.measurements, facts.targets);
  const failures = failedRules(options.rules, account);
  for (const failure of failures) {
    facts.problems.add({ code: 'require', message: failure });
    terminal.error(`--require ${failure}`);
  }
  const isFailed = outputs.failures.length > 0 || isUnwindingDoubtful(account);
  if (code === 0 && isFailed) return { code: 125, source: 'profiler', signal: null };
  if (code === 0 && failures.length > 0) return { code: 6, source: 'require', signal: null };
  return { code, source: 'target', signal: end.signal };
}
