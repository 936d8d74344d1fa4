import { accountOf } from '../../../../account/account.js';
import { formatQuantity } from '../../../../account/format-count.js';
import { ProblemList } from '../../../../account/problems/problem-list.js';
import { qualityLine } from '../../../../account/quality.js';
import { unwindingLine } from '../../../../account/unwinding-verdict.js';
import type { CaptureSession } from '../../../../capture/capture-session.js';
import { type ProfilePart, splitByRoot } from '../../../../profile/split-by-root.js';
import type { Snapshot, Tick } from '../../../../run/run.js';
import { wholeName } from '../../../../run/run-grouping.js';
import { untilSignal } from '../../../../run/signals/until-signal.js';
import type { BuiltProfile } from '../../../../symbolize/profile-assembler.js';
import type { Content, Outputs } from '../../outputs/outputs.js';
import { shownPath } from '../../terminal/shown-path.js';
import { awaitDebugFiles } from './await-debug-files.js';
import { noteSnapshot } from './note-snapshot.js';
import type { RunInProgress } from './run-in-progress.js';

/** With more, the first and the last are named. */
const MAX_FILES_SAID = 6;

/** Symbolizes what a tick has brought and writes one set of outputs; after the last, says what the run is worth. */
export async function writeTick(tick: Tick, run: RunInProgress): Promise<void> {
  if (tick.isLast) await awaitDebugFiles(run);
  await writeSnapshot(await symbolize(tick, run), run);
}

/** Writes what was received before the sampler was lost, if that is anything; `why` stands in every output. */
export async function writeCutOff(tick: Tick, run: RunInProgress, why: string): Promise<void> {
  await awaitDebugFiles(run);
  const snapshot = await symbolize(tick, run);
  if (snapshot.measurements.delivered === 0) return;
  run.facts.problems.add({ code: 'cut-off', message: why });
  await writeSnapshot(snapshot, run, [why]);
}

async function symbolize(tick: Tick, { capture, terminal, interrupts }: RunInProgress): Promise<Snapshot> {
  return await terminal.progress('symbolizing', interrupts.orThrow(capture.symbolize(tick)));
}

async function writeSnapshot(
  snapshot: Snapshot,
  run: RunInProgress,
  cutOff: readonly string[] = [],
): Promise<void> {
  const quality = noteSnapshot(snapshot, run);
  const outputs = run.outputs.setFor(snapshot);
  const content = contentOf(snapshot, run, [...cutOff, ...new ProblemList(quality).takeUnsaid()]);
  await writeFiles(outputs, content, run);
  if (snapshot.isLast) {
    noteExitToOutput(run);
    sayResult(run);
  } else {
    run.terminal.detail(`${formatQuantity(content.profile.totalCount, 'sample')}: ${namesOf(outputs)}`);
  }
  await writePipes(outputs, content, run);
}

function contentOf(
  { built, grouping, account, raw }: Snapshot,
  { options, target }: RunInProgress,
  warnings: readonly string[],
): Content {
  const { name: title, sourceRoot } = target;
  const caption = { title, subtitle: qualityLine(account), warnings, sourceRoot };
  const parts = options.split ? partsOf(built, wholeName(grouping, title)) : [];
  return { raw, profile: built.profile, caption, parts };
}

/** Without roots or samples, the whole profile is the only part. */
function partsOf({ profile, groups }: BuiltProfile, name: string): ProfilePart[] {
  const isSplit = groups !== undefined && profile.totalCount > 0;
  return isSplit ? splitByRoot(profile) : [{ root: name, profile }];
}

async function writeFiles(outputs: Outputs, content: Content, { facts }: RunInProgress): Promise<void> {
  const beginNs = process.hrtime.bigint();
  await outputs.writeFiles(content);
  facts.phasesNs.write = (facts.phasesNs.write ?? 0) + Number(process.hrtime.bigint() - beginNs);
}

/** 0 while a process goes on. */
function noteExitToOutput({ session, facts }: RunInProgress): void {
  const endNs = lastEndNs(session);
  facts.phasesNs.exitToOutput = endNs === undefined ? 0 : Number(process.hrtime.bigint() - endNs);
}

/** When the last process ended; undefined while one is running. */
function lastEndNs(session: CaptureSession): bigint | undefined {
  const ends = session.processes.map(({ end }) => end?.timeNs);
  if (ends.includes(undefined)) return undefined;
  return ends.sort((a, b) => (a! < b! ? -1 : 1)).at(-1);
}

function sayResult({ target, outputs, facts, terminal }: RunInProgress): void {
  const account = accountOf(facts.plan, facts.measurements, facts.targets);
  terminal.say(`profile-bee: ${qualityLine(account)}`);
  if (account.unwindingCheck !== undefined)
    terminal.say(`profile-bee: ${unwindingLine(account.unwindingCheck)}`);
  for (const note of target.notesAfter?.() ?? []) terminal.note(note);
  for (const problem of facts.problems.takeUnsaid()) terminal.warn(problem);
  const { written } = outputs;
  const said = written.length > MAX_FILES_SAID ? [written[0]!, written.at(-1)!] : written;
  for (const { path } of said) terminal.sayWritten(shownPath(path), path);
  if (said.length < written.length) terminal.say(`${written.length} files in all`);
}

function namesOf(outputs: Outputs): string {
  return outputs.written.map(({ path }) => shownPath(path)).join(', ');
}

/** Pipes come last: their readers may block us, and by then all other outputs are safe. */
async function writePipes(
  set: Outputs,
  content: Content,
  { outputs, facts, interrupts, terminal }: RunInProgress,
): Promise<void> {
  try {
    await untilSignal(interrupts, (signal) =>
      set.writePipes(content, { signal, say: (text) => terminal.note(text) }),
    );
  } finally {
    facts.outputs = outputs.written;
    for (const { message, path } of set.failures)
      facts.problems.add({ code: 'unwritable-output', message, subject: path });
    for (const problem of facts.problems.takeUnsaid()) terminal.error(problem);
  }
}
