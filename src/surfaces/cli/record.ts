import { CaptureError } from '../../capture/capture-error.js';
import { checkCanCapture } from '../../capture/preflight.js';
import type { RawObject, RawProfile } from '../../capture/raw-profile.js';
import { type CaptureSession, openSession } from '../../capture/session.js';
import { SessionSymbolizer } from '../../ffi/symbolizer.js';
import { type ProfilePart, splitByRoot } from '../../profile/split-by-root.js';
import { type BuiltProfile, buildProfile } from '../../symbolize/build-profile.js';
import { alteredTextProblems } from './altered-text.js';
import { announceQuestion } from './announce-question.js';
import { explain } from './explain.js';
import { Interrupted, type Interrupts } from './interrupts.js';
import { leftOutProblems } from './left-out-problems.js';
import { openPicture } from './open-picture.js';
import type { RecordOptions } from './options.js';
import { Outputs, shownPath } from './outputs.js';
import {
  exitCodeOf,
  type LaunchEnd,
  type Launched,
  type PreparedTarget,
  type PrepareTarget,
  signalName,
} from './prepared-target.js';
import { qualityLine, qualityProblems } from './quality.js';
import { failedRules } from './require-rules.js';
import { groupingOf, groupingProblems, wholeName } from './run-grouping.js';
import { type ExitStatus, lostCount, type Problem, type Summary, type SummaryTarget } from './summary.js';
import { strippedPrograms } from './symbol-problems.js';
import type { Terminal } from './terminal.js';
import { passingOn, type RunEnd, signalTargets, waitForEnd } from './wait-for-end.js';

/** How long a command may take to obey SIGTERM when its time is up. */
const GRACE_MS = 5000;
/** A Ctrl-C that came while cargo was building. */
const INTERRUPTED = { code: 130, source: 'cargo', signal: 'SIGINT' } as const;

/** Runs a capture from build to picture; fills the summary as it goes. Throws what `explain` understands. */
export async function record(
  options: RecordOptions,
  prepare: PrepareTarget,
  summary: Summary,
  terminal: Terminal,
  interrupts: Interrupts,
): Promise<ExitStatus> {
  checkCanCapture();
  const outputs = Outputs.reserve(options);
  try {
    const isAsked = announceQuestion(terminal);
    const opening = openTimedSession(options, summary); // the kernel verifies our programs while cargo builds
    opening.catch(() => {}); // awaited below; until then cargo's own failure comes first
    if (isAsked) await interrupts.orThrow(opening); // a question between cargo's lines would be overlooked
    const preparing = interrupts.orThrow(prepare());
    const target = await preparing.catch((error) => abandon(opening, error));
    await using session = await opening;
    notePreparation(summary, target, terminal);
    outputs.addDefault(options, target);
    if (options.target.kind !== 'pid') summary.problems.push(...alteredTextProblems());
    if (interrupts.count > 0) return INTERRUPTED;
    const launched = await target.launch(session);
    const run = { options, target, launched, session, outputs, summary, interrupts, terminal };
    return await profile(run).catch((error) => statusOfFailure(error, run));
  } finally {
    outputs.discard();
  }
}

function notePreparation(summary: Summary, target: PreparedTarget, terminal: Terminal): void {
  summary.problems.push(...target.problems);
  for (const { message } of target.problems) terminal.warn(message);
  summary.phasesNs.metadata = Number(target.phases.metadataNs);
  summary.phasesNs.build = Number(target.phases.buildNs);
}

async function openTimedSession(options: RecordOptions, summary: Summary): Promise<CaptureSession> {
  const beginNs = process.hrtime.bigint();
  const session = await openSession(options.plan);
  summary.elevation = session.elevation;
  summary.phasesNs.samplerStart = Number(process.hrtime.bigint() - beginNs);
  return session;
}

/** The target could not be prepared, so the sampler goes too; its own failure would only distract. */
async function abandon(opening: Promise<CaptureSession>, error: unknown): Promise<never> {
  await opening.then((session) => session.close()).catch(() => {});
  throw error;
}

/** A program that was started, and what its profile becomes. */
interface Run {
  options: RecordOptions;
  target: PreparedTarget;
  launched: Launched;
  session: CaptureSession;
  outputs: Outputs;
  summary: Summary;
  interrupts: Interrupts;
  terminal: Terminal;
}

async function profile(run: Run): Promise<ExitStatus> {
  const { options, target, session, outputs, summary, interrupts, terminal } = run;
  const { end, raw } = await capture(run);
  noteCapture(summary, options, raw, session, target);
  if (end.why === 'ended') noteStillRunning(raw, summary);
  if (session.processes.length === 0) return nothingRan(end, run);
  await writeProfile(raw, run);
  await showPicture(outputs, options, terminal);
  return statusOf(await interrupts.orThrow(finalEnd(end, run)), options, summary, terminal);
}

/** Samples until the end; a command whose time is up is asked to end. */
async function capture(run: Run): Promise<{ end: RunEnd; raw: RawProfile }> {
  const { options, target, launched, session, summary, interrupts } = run;
  const beginNs = process.hrtime.bigint();
  const end = await waitForEnd(target, launched, session, options.durationMs, interrupts).finally(() => {
    summary.phasesNs.run = Number(process.hrtime.bigint() - beginNs);
  });
  const raw = await interrupts.orThrow(session.stop());
  if (end.why === 'duration' && !target.isForeign) signalTargets(session, launched, 'SIGTERM');
  return { end, raw };
}

/** The program goes on without its profile; a code of its own that tells of a failure outranks ours. */
async function statusOfFailure(error: unknown, run: Run): Promise<ExitStatus> {
  const { launched, session, target, summary, interrupts, terminal } = run;
  if (error instanceof Interrupted) throw error;
  if (isSamplerLost(error)) await writeWhatCame(error, run);
  if (launched.pid === undefined) throw error;
  const status = explain(error, terminal, summary.problems);
  if (summary.targets.length === 0) noteTargets(summary, session, target, []);
  interrupts.onSignal = passingOn(session, launched);
  const end = await interrupts.orThrow(launched.ended);
  noteEnd(summary, launched, end);
  const code = exitCodeOf(end);
  return code === 0 ? status : { code, source: 'target', signal: end.signal };
}

function isSamplerLost(error: unknown): error is CaptureError {
  return error instanceof CaptureError && error.code === 'sampler';
}

/** The part of the profile that is whole is worth having; it says everywhere that it is a part. */
async function writeWhatCame({ cause }: CaptureError, run: Run): Promise<void> {
  const { options, session, target, summary, terminal } = run;
  const raw = session.whatCame();
  if (raw === undefined || raw.samples.length === 0) return;
  noteCapture(summary, options, raw, session, target);
  const seconds = (summary.phasesNs.run / 1e9).toFixed(1);
  const message = `the profile is cut off after ${seconds} s, and its last second is thin: ${cause}`;
  summary.problems.push({ code: 'cut-off', message });
  await writeProfile(raw, run, [message]).catch((error) => {
    if (error instanceof Interrupted) throw error;
    explain(error, terminal, summary.problems);
  });
}

function noteCapture(
  summary: Summary,
  { plan }: RecordOptions,
  { totals, samples, objects }: RawProfile,
  session: CaptureSession,
  target: PreparedTarget,
): void {
  const delivered = samples.reduce((sum, { count }) => sum + count, 0);
  const expected = Math.round((totals.targetCpuNs * plan.frequencyHz) / 1e9);
  const unaccounted = totals.fired - delivered - lostCount(totals.lost);
  summary.samples = { fired: totals.fired, expected, delivered, unaccounted, lost: totals.lost };
  summary.event.throttled = totals.throttled;
  summary.phasesNs.tables = totals.tablesNs;
  summary.phasesNs.attachToFirstSample = totals.attachToFirstSampleNs;
  const { costSource: source, targetCpuNs, samplerCpuNs, samplerLoadCpuNs, bpfRunNs } = totals;
  const { samplerPeakRssBytes, tableBytes } = totals;
  const times = { targetCpuNs, samplerCpuNs, samplerLoadCpuNs, bpfRunNs };
  summary.cost = { ...summary.cost, source, ...times, samplerPeakRssBytes, tableBytes };
  noteTargets(summary, session, target, objects);
  summary.problems.push(...session.problems, ...leftOutProblems(totals));
}

function noteTargets(
  summary: Summary,
  session: CaptureSession,
  target: PreparedTarget,
  objects: readonly RawObject[],
): void {
  const buildIds = new Map(objects.map(({ path, buildId }) => [path, buildId]));
  summary.targets = session.processes.map((process): SummaryTarget => {
    const { argv, pid, uid, executable, end } = process;
    const exit = { exitCode: end?.exitCode ?? null, signal: signalName(end?.signal ?? null) };
    const buildId = buildIds.get(executable);
    return { argv, pid, uid, ...(buildId ? { buildId } : {}), ...target.factsOf(process), ...exit };
  });
}

/** A daemon, for example: its work is not in the picture, and the program's end does not tell. */
function noteStillRunning({ totals: { stillRunning } }: RawProfile, summary: Summary): void {
  if (stillRunning === 0) return;
  const message = `${stillRunning} of its child processes still ${stillRunning === 1 ? 'runs' : 'run'}: what they do from here on is not in the profile (--pid PID profiles a running process)`;
  summary.problems.push({ code: 'still-running', message });
}

/** cargo ended without running anything (no tests, for example): it has said so; an empty picture would not help. */
function nothingRan(end: RunEnd, { target, summary, terminal }: Run): ExitStatus {
  const message = target.whyNothingRan?.() ?? 'no program was run, so there is nothing to show';
  summary.problems.push({ code: 'nothing-ran', message });
  terminal.warn(message);
  const code = end.why === 'ended' ? exitCodeOf(end.end) : 0;
  return { code, source: 'cargo', signal: null };
}

async function writeProfile(raw: RawProfile, run: Run, cutOff: readonly string[] = []): Promise<void> {
  const { options, target, session, outputs, summary, interrupts, terminal } = run;
  const grouping = groupingOf(options.groupBy, session.processes, target, raw.totals);
  const symbolizeNs = process.hrtime.bigint();
  const building = buildProfile(raw, new SessionSymbolizer(session.native), target.packages, grouping);
  const built = await terminal.progress('naming frames', interrupts.orThrow(building));
  const { profile, groups } = built;
  summary.stacks = built.statistics.stacks;
  summary.frames = built.statistics.frames;
  summary.problems.push(
    ...built.problems.map(({ path, message }) => ({ code: 'symbols', message: `${path}: ${message}` })),
    ...groupingProblems(grouping, groups),
  );
  const quality = [...qualityProblems(summary), ...(target.problemsAfter?.(raw, session.processes) ?? [])];
  if (quality.some(({ code }) => code === 'unnamed-frames')) quality.push(...strippedCommands(run));
  summary.problems.push(...quality);
  const writeNs = process.hrtime.bigint();
  const subtitle = qualityLine(summary);
  const warnings = [...cutOff, ...quality.map(({ message }) => message)];
  const caption = { title: target.name, subtitle, warnings, sourceRoot: target.sourceRoot };
  const parts = options.split ? partsOf(built, wholeName(grouping, target.name)) : [];
  summary.outputs = [...outputs.write(profile, caption, parts), ...outputs.writeRawSamples(raw)];
  const doneNs = process.hrtime.bigint();
  const endNs = lastEndNs(session);
  summary.phasesNs.symbolize = Number(writeNs - symbolizeNs);
  summary.phasesNs.write = Number(doneNs - writeNs);
  summary.phasesNs.exitToOutput = endNs === undefined ? 0 : Number(doneNs - endNs);
  sayResult(subtitle, run);
}

/** What cargo built has been looked at before the run. */
function strippedCommands({ session, target }: Run): Problem[] {
  const commands = session.processes.filter((process) => target.factsOf(process).kind === 'command');
  return strippedPrograms(commands.map(({ executable }) => executable));
}

/** Without roots, or without samples, the whole is the only part. */
function partsOf({ profile, groups }: BuiltProfile, name: string): ProfilePart[] {
  const isSplit = groups !== undefined && profile.totalCount > 0;
  return isSplit ? splitByRoot(profile) : [{ root: name, profile }];
}

/** When the last process ended; undefined while one goes on. */
function lastEndNs(session: CaptureSession): bigint | undefined {
  const ends = session.processes.map(({ end }) => end?.timeNs);
  if (ends.includes(undefined)) return undefined;
  return ends.sort((a, b) => (a! < b! ? -1 : 1)).at(-1);
}

function sayResult(quality: string, { target, summary, terminal }: Run): void {
  terminal.say(`profile-bee: ${quality}`);
  for (const note of target.notesAfter?.() ?? []) terminal.note(note);
  const isNews = (problem: Problem) => !target.problems.includes(problem); // the others were said before it ran
  for (const { message } of summary.problems.filter(isNews)) terminal.warn(message);
  for (const { path } of summary.outputs)
    if (path !== '-') terminal.say(`wrote ${terminal.link(shownPath(path), path)}`);
}

async function showPicture(outputs: Outputs, options: RecordOptions, terminal: Terminal): Promise<void> {
  if (outputs.picture !== undefined) await openPicture(outputs.picture, options.open, terminal);
}

/** Our own end of the run (time, Ctrl-C on a foreign process) is a success, whatever the program makes of it. */
async function finalEnd(end: RunEnd, { session, launched, summary, terminal }: Run): Promise<LaunchEnd> {
  if (end.why === 'ended') return end.end;
  if (launched.pid !== undefined) {
    const kill = setTimeout(() => signalTargets(session, launched, 'SIGKILL'), GRACE_MS);
    const waiting = 'the time is up: waiting for the command to obey SIGTERM';
    const { code, signal } = await terminal.progress(waiting, launched.ended);
    clearTimeout(kill);
    noteEnd(summary, launched, { code, signal });
  }
  return { code: 0, signal: null };
}

/** Of our own child, which nobody else has told of. */
function noteEnd(summary: Summary, launched: Launched, { code, signal }: LaunchEnd): void {
  const target = summary.targets.find(({ pid }) => pid === launched.pid);
  if (target !== undefined) Object.assign(target, { exitCode: code, signal });
}

function statusOf(
  end: LaunchEnd,
  { rules }: RecordOptions,
  summary: Summary,
  terminal: Terminal,
): ExitStatus {
  const code = exitCodeOf(end);
  const failures = failedRules(rules, summary);
  for (const failure of failures) {
    summary.problems.push({ code: 'require', message: failure });
    terminal.error(`--require ${failure}`);
  }
  if (code === 0 && failures.length > 0) return { code: 6, source: 'require', signal: null };
  return { code, source: 'target', signal: end.signal };
}
