import { type Problem, ProblemList } from '../../../../account/problems/problem-list.js';
import { replacedProblem } from '../../../../account/problems/replaced-problem.js';
import { qualityLine, qualityProblems } from '../../../../account/quality.js';
import type { PhaseName } from '../../../../account/summary.js';
import { unwindingLine } from '../../../../account/unwinding-verdict.js';
import type { CaptureSession, ObservedProcess } from '../../../../capture/capture-session.js';
import type { RawProfile } from '../../../../capture/raw-profile.js';
import { NativeSymbolizer, type SymbolProblem } from '../../../../ffi/symbolizer.js';
import { type ProfilePart, splitByRoot } from '../../../../profile/split-by-root.js';
import { groupingOf, groupingProblems, wholeName } from '../../../../run/run-grouping.js';
import { untilSignal } from '../../../../run/signals/until-signal.js';
import { strippedPrograms } from '../../../../run/targets/warnings/stripped-programs.js';
import { type BuiltProfile, buildProfile } from '../../../../symbolize/build-profile.js';
import type { Grouping } from '../../../../symbolize/grouping/grouping.js';
import type { Content } from '../../outputs/outputs.js';
import { shownPath } from '../../terminal/shown-path.js';
import { awaitDebugFiles } from './await-debug-files.js';
import type { RunInProgress } from './run-in-progress.js';

/** Symbolizes, writes every output and reports its quality; `cutOff`: why the profile is only a part. */
export async function writeProfile(
  raw: RawProfile,
  run: RunInProgress,
  cutOff: readonly string[] = [],
): Promise<void> {
  await awaitDebugFiles(run);
  const symbolized = await timed('symbolize', run, () => symbolize(raw, run));
  const quality = account(symbolized, raw, run);
  const content = contentOf(symbolized, raw, run, [...cutOff, ...new ProblemList(quality).takeUnsaid()]);
  await timed('write', run, () => run.outputs.writeFiles(content));
  noteExitToOutput(run);
  sayResult(content.caption.subtitle, run);
  await writePipes(content, run);
}

interface Symbolized {
  built: BuiltProfile;
  grouping: Grouping;
}

async function timed<T>(phase: PhaseName, { summary }: RunInProgress, work: () => Promise<T>): Promise<T> {
  const beginNs = process.hrtime.bigint();
  const result = await work();
  summary.phasesNs[phase] = Number(process.hrtime.bigint() - beginNs);
  return result;
}

async function symbolize(
  raw: RawProfile,
  { options, target, session, interrupts, terminal }: RunInProgress,
): Promise<Symbolized> {
  const grouping = groupingOf(options.groupBy, session.processes, target, raw.totals);
  const symbolizer = new NativeSymbolizer(session.native, { demangle: options.demangle });
  const building = buildProfile(raw, symbolizer, target.packages, grouping);
  return { built: await terminal.progress('symbolizing', interrupts.orThrow(building)), grouping };
}

/** Notes what was symbolized; returns what makes the profile poor, for the flamegraph. */
function account({ built, grouping }: Symbolized, raw: RawProfile, run: RunInProgress): Problem[] {
  const { target, session, summary } = run;
  summary.stacks = built.statistics.stacks;
  summary.frames = built.statistics.frames;
  summary.problems.addAll([
    ...built.problems.map(symbolProblem),
    ...built.replacedFiles.map(replacedProblem),
    ...groupingProblems(grouping, built.groups),
  ]);
  const quality = [...qualityProblems(summary), ...(target.problemsAfter?.(raw, session.processes) ?? [])];
  if (quality.some(({ code }) => code === 'unnamed-frames')) quality.push(...strippedCommands(run));
  summary.problems.addAll(quality);
  return quality;
}

function contentOf(
  { built, grouping }: Symbolized,
  raw: RawProfile,
  { options, target, summary }: RunInProgress,
  warnings: readonly string[],
): Content {
  const { name: title, sourceRoot } = target;
  const caption = { title, subtitle: qualityLine(summary), warnings, sourceRoot };
  const parts = options.split ? partsOf(built, wholeName(grouping, title)) : [];
  return { raw, profile: built.profile, caption, parts };
}

/** 0 while a process goes on. */
function noteExitToOutput({ session, summary }: RunInProgress): void {
  const endNs = lastEndNs(session);
  summary.phasesNs.exitToOutput = endNs === undefined ? 0 : Number(process.hrtime.bigint() - endNs);
}

/** Pipes come last: their readers may block us, and by then all other outputs are safe. */
async function writePipes(
  content: Content,
  { outputs, summary, interrupts, terminal }: RunInProgress,
): Promise<void> {
  try {
    await untilSignal(interrupts, (signal) =>
      outputs.writePipes(content, { signal, say: (text) => terminal.note(text) }),
    );
  } finally {
    summary.outputs = outputs.written;
    for (const { message, path } of outputs.failures)
      summary.problems.add({ code: 'unwritable-output', message, subject: path });
    for (const problem of summary.problems.takeUnsaid()) terminal.error(problem);
  }
}

function symbolProblem({ path, message }: SymbolProblem): Problem {
  return { code: 'symbols', message: `${path}: ${message}`, subject: path };
}

/** What cargo built was checked before the run. */
function strippedCommands({ session, target }: RunInProgress): Problem[] {
  const isBuilt = (process: ObservedProcess) => !['command', 'pid'].includes(target.factsOf(process).kind);
  return strippedPrograms(session.processes.filter((process) => !isBuilt(process)));
}

/** Without roots or samples, the whole profile is the only part. */
function partsOf({ profile, groups }: BuiltProfile, name: string): ProfilePart[] {
  const isSplit = groups !== undefined && profile.totalCount > 0;
  return isSplit ? splitByRoot(profile) : [{ root: name, profile }];
}

/** When the last process ended; undefined while one is running. */
function lastEndNs(session: CaptureSession): bigint | undefined {
  const ends = session.processes.map(({ end }) => end?.timeNs);
  if (ends.includes(undefined)) return undefined;
  return ends.sort((a, b) => (a! < b! ? -1 : 1)).at(-1);
}

function sayResult(quality: string, { target, outputs, summary, terminal }: RunInProgress): void {
  terminal.say(`profile-bee: ${quality}`);
  if (summary.unwindingCheck !== undefined)
    terminal.say(`profile-bee: ${unwindingLine(summary.unwindingCheck)}`);
  for (const note of target.notesAfter?.() ?? []) terminal.note(note);
  for (const problem of summary.problems.takeUnsaid()) terminal.warn(problem);
  for (const { path } of outputs.written) terminal.sayWritten(shownPath(path), path);
}
