import { failedRules } from '../../../../account/require-rules.js';
import type { ExitStatus, Summary } from '../../../../account/summary.js';
import { isUnwindingDoubtful } from '../../../../account/unwinding-verdict.js';
import { CaptureError } from '../../../../capture/capture-error.js';
import { type CaptureSession, openSession } from '../../../../capture/capture-session.js';
import type { RawProfile } from '../../../../capture/raw-profile.js';
import { checkWithinBounds } from '../../../../capture/rights/bounds.js';
import { checkCanCapture } from '../../../../capture/rights/preflight.js';
import { limitFrequency } from '../../../../run/limit-frequency.js';
import { noteCapture, noteEnd, noteStillRunning, noteTargets } from '../../../../run/note-capture.js';
import { Interrupted, type Interrupts } from '../../../../run/signals/interrupts.js';
import { endTargets, passingOn } from '../../../../run/signals/pass-signals.js';
import { beginSymbolizing, saveSymbolCache } from '../../../../run/symbol-cache/symbol-cache.js';
import {
  exitCodeOf,
  type LaunchEnd,
  type PreparedTarget,
  type PrepareTarget,
} from '../../../../run/targets/prepared-target.js';
import { alteredTextProblems } from '../../../../run/targets/warnings/altered-text.js';
import { type RunEnd, waitForEnd } from '../../../../run/wait-for-end.js';
import { explainCapture } from '../../command-line/errors/capture-error-texts.js';
import { captureProblems } from '../../command-line/errors/capture-problems.js';
import { explain } from '../../command-line/explain.js';
import type { RecordOptions } from '../../command-line/options/record-options.js';
import { packageVersion } from '../../command-line/version.js';
import { openFlamegraph } from '../../outputs/open-flamegraph.js';
import { Outputs } from '../../outputs/outputs.js';
import { announceQuestion } from '../../terminal/announce-question.js';
import type { Terminal } from '../../terminal/terminal.js';
import { askForDebugFiles } from './await-debug-files.js';
import type { RunInProgress } from './run-in-progress.js';
import { writeProfile } from './write-profile.js';

/** Time for a command to exit after SIGTERM when the duration is over. */
const GRACE_MS = 5000;
/** Ctrl-C while cargo was building. */
const INTERRUPTED = { code: 130, source: 'cargo', signal: 'SIGINT' } as const;

/** What a run is made of before its target is known. */
export interface Recording {
  options: RecordOptions;
  prepare: PrepareTarget;
  summary: Summary;
  terminal: Terminal;
  interrupts: Interrupts;
}

/** Runs a capture from build to outputs and fills the summary. Throws what `explain` understands. */
export async function record(recording: Recording): Promise<ExitStatus> {
  const { options: wanted, summary, interrupts } = recording;
  checkCanCapture();
  checkWithinBounds(wanted.plan);
  if (interrupts.count > 0) return INTERRUPTED;
  const { frequencyHz, problems } = limitFrequency(wanted.plan.frequencyHz);
  summary.event.frequencyHz = frequencyHz;
  summary.problems.addAll(problems);
  const options = { ...wanted, plan: { ...wanted.plan, frequencyHz } };
  const outputs = Outputs.reserve(options);
  try {
    return await recordTo(outputs, { ...recording, options });
  } finally {
    outputs.discard();
  }
}

async function recordTo(outputs: Outputs, recording: Recording): Promise<ExitStatus> {
  const { options, summary, terminal, interrupts } = recording;
  const isAsked = announceQuestion(terminal);
  const opening = openTimedSession(options, summary); // the kernel verifies our BPF programs while cargo builds
  opening.catch(() => {}); // awaited below; a failure of cargo is reported first
  interrupts.startWitness();
  if (isAsked) await interrupts.orThrow(opening); // a question among cargo's output would be overlooked
  const preparing = interrupts.orThrow(recording.prepare());
  const target = await preparing.catch((error) => abandon(opening, error));
  await using session = await opening;
  notePreparation(summary, target, terminal);
  outputs.addDefault(options, target);
  if (options.target.kind !== 'pid') summary.problems.addAll(alteredTextProblems());
  if (interrupts.count > 0) return INTERRUPTED;
  using debugDownloads = askForDebugFiles(session, summary);
  const launched = await target.launch(session);
  const { plan } = options;
  const run = { ...recording, plan, target, launched, session, debugDownloads, outputs };
  return await profile(run).catch((error) => statusOfFailure(error, run));
}

function notePreparation(summary: Summary, target: PreparedTarget, terminal: Terminal): void {
  summary.problems.addAll(target.problems);
  for (const problem of summary.problems.takeUnsaid()) terminal.warn(problem);
  summary.phasesNs.metadata = Number(target.phases.metadataNs);
  summary.phasesNs.build = Number(target.phases.buildNs);
}

async function openTimedSession(options: RecordOptions, summary: Summary): Promise<CaptureSession> {
  const beginNs = process.hrtime.bigint();
  const session = await openSession(options.plan);
  summary.elevation = session.elevation;
  beginSymbolizing(session.native, {
    ...options.symbolize,
    demangle: options.demangle,
    version: packageVersion(),
  });
  summary.phasesNs.samplerStart = Number(process.hrtime.bigint() - beginNs);
  return session;
}

/** The target could not be prepared, so stop the sampler; a failure of its own would only distract. */
async function abandon(opening: Promise<CaptureSession>, error: unknown): Promise<never> {
  await opening.then((session) => session.close()).catch(() => {});
  throw error;
}

async function profile(run: RunInProgress): Promise<ExitStatus> {
  const { options, session, outputs, summary, interrupts, terminal } = run;
  const { end, raw } = await capture(run);
  summary.problems.addAll(captureProblems(session.problems));
  noteCapture(raw, run, summary);
  if (end.why === 'ended') noteStillRunning(raw, summary);
  if (session.processes.length === 0) return nothingRan(end, run);
  await writeProfile(raw, run);
  await showFlamegraph(outputs, options, terminal);
  const { names, notSaved } = await saveSymbolCache(session.native);
  summary.names = names;
  if (notSaved !== undefined) terminal.detail(notSaved);
  return statusOf(await interrupts.orThrow(finalEnd(end, run)), run);
}

/** Samples until the end; a command whose duration is over gets SIGTERM. */
async function capture(run: RunInProgress): Promise<{ end: RunEnd; raw: RawProfile }> {
  const { target, session, summary, interrupts } = run;
  const beginNs = process.hrtime.bigint();
  const end = await waitForEnd(run, run.options.durationMs).finally(() => {
    summary.phasesNs.run = Number(process.hrtime.bigint() - beginNs);
  });
  const raw = await interrupts.orThrow(session.stop());
  if (end.why === 'duration' && !target.isForeign) endTargets(run, 'SIGTERM');
  return { end, raw };
}

/** The target keeps running unprofiled; if it fails, its exit code takes precedence over ours. */
async function statusOfFailure(error: unknown, run: RunInProgress): Promise<ExitStatus> {
  const { launched, summary, interrupts, terminal } = run;
  if (error instanceof Interrupted) throw error;
  if (isSamplerLost(error)) await writeWhatCame(error, run);
  if (launched.pid === undefined) throw error;
  const status = explain(error, terminal, summary.problems);
  if (summary.targets.length === 0) noteTargets([], run, summary);
  interrupts.onSignal = passingOn(run);
  const end = await interrupts.orThrow(launched.ended);
  noteEnd(summary, launched, end);
  const code = exitCodeOf(end);
  return code === 0 ? status : { code, source: 'target', signal: end.signal };
}

function isSamplerLost(error: unknown): error is CaptureError {
  return error instanceof CaptureError && error.code === 'sampler';
}

/** Writes the part of the profile that was received; every output says that it is only a part. */
async function writeWhatCame(error: CaptureError, run: RunInProgress): Promise<void> {
  const { session, summary, terminal } = run;
  const raw = session.whatCame();
  if (raw === undefined || raw.samples.length === 0) return;
  summary.problems.addAll(captureProblems(session.problems));
  noteCapture(raw, run, summary);
  const seconds = (summary.phasesNs.run / 1e9).toFixed(1);
  const message = `the profile is cut off after ${seconds} s, with few samples in the last second: ${explainCapture(error).cause}`;
  summary.problems.add({ code: 'cut-off', message });
  await writeProfile(raw, run, [message]).catch((error) => {
    if (error instanceof Interrupted) throw error;
    explain(error, terminal, summary.problems);
  });
}

/** cargo ended without running anything (no tests, for example) and said so; an empty flamegraph would not help. */
function nothingRan(end: RunEnd, { target, summary, terminal }: RunInProgress): ExitStatus {
  const message = target.whyNothingRan?.() ?? 'no program was run: there is no profile';
  summary.problems.add({ code: 'nothing-ran', message });
  terminal.warn(message);
  const code = end.why === 'ended' ? exitCodeOf(end.end) : 0;
  return { code, source: 'cargo', signal: null };
}

async function showFlamegraph(outputs: Outputs, options: RecordOptions, terminal: Terminal): Promise<void> {
  if (outputs.flamegraph !== undefined) await openFlamegraph(outputs.flamegraph, options.open, terminal);
}

/** If we ended the run (duration, Ctrl-C on a foreign process), that is a success whatever the target's exit code. */
async function finalEnd(end: RunEnd, run: RunInProgress): Promise<LaunchEnd> {
  const { launched, summary, terminal } = run;
  if (end.why === 'ended') return end.end;
  if (launched.pid !== undefined) {
    const kill = setTimeout(() => endTargets(run, 'SIGKILL'), GRACE_MS);
    const waiting = 'the duration is over: waiting for the command to exit after SIGTERM';
    const { code, signal } = await terminal.progress(waiting, launched.ended);
    clearTimeout(kill);
    noteEnd(summary, launched, { code, signal });
  }
  return { code: 0, signal: null };
}

function statusOf(end: LaunchEnd, { options, outputs, summary, terminal }: RunInProgress): ExitStatus {
  const code = exitCodeOf(end);
  const failures = failedRules(options.rules, summary);
  for (const failure of failures) {
    summary.problems.add({ code: 'require', message: failure });
    terminal.error(`--require ${failure}`);
  }
  const isFailed = outputs.failures.length > 0 || isUnwindingDoubtful(summary);
  if (code === 0 && isFailed) return { code: 125, source: 'profiler', signal: null };
  if (code === 0 && failures.length > 0) return { code: 6, source: 'require', signal: null };
  return { code, source: 'target', signal: end.signal };
}
