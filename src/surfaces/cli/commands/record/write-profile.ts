import { type Problem, ProblemList } from '../../../../account/problem-list.js';
import { qualityLine, qualityProblems } from '../../../../account/quality.js';
import { replacedProblem } from '../../../../account/replaced-problem.js';
import { unwindingLine } from '../../../../account/unwinding-verdict.js';
import type { CaptureSession, ObservedProcess } from '../../../../capture/capture-session.js';
import type { RawProfile } from '../../../../capture/raw-profile.js';
import { NativeSymbolizer, type SymbolProblem } from '../../../../ffi/symbolizer.js';
import { type ProfilePart, splitByRoot } from '../../../../profile/split-by-root.js';
import { groupingOf, groupingProblems, wholeName } from '../../../../run/run-grouping.js';
import { untilSignal } from '../../../../run/signals/until-signal.js';
import { strippedPrograms } from '../../../../run/targets/stripped-programs.js';
import { type BuiltProfile, buildProfile } from '../../../../symbolize/build-profile.js';
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
  const { options, target, session, outputs, summary, interrupts, terminal } = run;
  const grouping = groupingOf(options.groupBy, session.processes, target, raw.totals);
  await awaitDebugFiles(run);
  const symbolizeNs = process.hrtime.bigint();
  const symbolizer = new NativeSymbolizer(session.native, { demangle: options.demangle });
  const building = buildProfile(raw, symbolizer, target.packages, grouping);
  const built = await terminal.progress('symbolizing', interrupts.orThrow(building));
  const { profile, groups } = built;
  summary.stacks = built.statistics.stacks;
  summary.frames = built.statistics.frames;
  summary.problems.addAll([
    ...built.problems.map(symbolProblem),
    ...built.replacedFiles.map(replacedProblem),
    ...groupingProblems(grouping, groups),
  ]);
  const quality = [...qualityProblems(summary), ...(target.problemsAfter?.(raw, session.processes) ?? [])];
  if (quality.some(({ code }) => code === 'unnamed-frames')) quality.push(...strippedCommands(run));
  summary.problems.addAll(quality);
  const writeNs = process.hrtime.bigint();
  const subtitle = qualityLine(summary);
  const warnings = [...cutOff, ...new ProblemList(quality).takeUnsaid()];
  const caption = { title: target.name, subtitle, warnings, sourceRoot: target.sourceRoot };
  const parts = options.split ? partsOf(built, wholeName(grouping, target.name)) : [];
  const content = { raw, profile, caption, parts };
  await outputs.writeFiles(content);
  const doneNs = process.hrtime.bigint();
  const endNs = lastEndNs(session);
  summary.phasesNs.symbolize = Number(writeNs - symbolizeNs);
  summary.phasesNs.write = Number(doneNs - writeNs);
  summary.phasesNs.exitToOutput = endNs === undefined ? 0 : Number(doneNs - endNs);
  sayResult(subtitle, run);
  await writePipes(content, run);
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
