import { noFacts, type RunFacts, summaryOf } from '../../../../account/run-facts.js';
import type { ExitStatus, Summary } from '../../../../account/summary.js';
import { DEFAULT_EVENT } from '../../../../capture/events/events.js';
import { ignoringLauncher } from '../../../../capture/gate/inherited-signals.js';
import { checkCanCapture } from '../../../../capture/rights/preflight.js';
import { startCargoThrough } from '../../../../cargo/launch/cargo-launcher.js';
import { inheritedStdio } from '../../../../cargo/launch/inherited-descriptors.js';
import { packageVersion } from '../../../../run/package-version.js';
import { Interrupts } from '../../../../run/signals/interrupts.js';
import { untilSignal } from '../../../../run/signals/until-signal.js';
import { type PrepareTarget, prepareProgram } from '../../../../run/targets/prepared-target.js';
import type { ProgramRequest } from '../../../../run/targets/target-request.js';
import { withConfiguration } from '../../command-line/configuration/with-configuration.js';
import { explain } from '../../command-line/explain.js';
import type { CommandName } from '../../command-line/flag-specification.js';
import { flagSpellings } from '../../command-line/flags.js';
import { helpText } from '../../command-line/help.js';
import { toOptions, toTypedCargoLine } from '../../command-line/options/options.js';
import {
  type ProgramOptions,
  type RecordOptions,
  writesToStandardOutput,
} from '../../command-line/options/record-options.js';
import { type Flags, parseFlags } from '../../command-line/parse-flags.js';
import type { SplitLine } from '../../command-line/split-line.js';
import { versionText } from '../../command-line/version.js';
import { jsonText } from '../../outputs/json-text.js';
import { type ReservedFile, reserveOutput } from '../../outputs/reserve-outputs.js';
import type { ReservedStream } from '../../outputs/reserved-stream.js';
import { makeTargetFolders } from '../../outputs/target-folders.js';
import { becomeSudoCaller } from '../../sudo/become-caller.js';
import { show } from '../../terminal/print-text.js';
import { Terminal } from '../../terminal/terminal.js';
import { targetsText } from './list-targets.js';
import { peakRssBytes } from './peak-rss.js';
import type { Recording } from './record.js';

/** Parses, records, and writes the summary however the run ends; resolves with the exit code. */
export async function runWithFlags(
  command: CommandName,
  argv: readonly string[],
  split: (argv: readonly string[]) => SplitLine,
): Promise<number> {
  const beforeProgram = argv.includes('--') ? argv.slice(0, argv.indexOf('--')) : argv;
  const terminal = new Terminal(beforeProgram.includes('--quiet') ? 'quiet' : 'normal');
  try {
    await becomeSudoCaller(terminal);
    const line = split(argv);
    const flags = await parseFlags(command, line.ours, line.invokedAs);
    if (flags.help) return await show(helpText(command, line.invokedAs));
    if (flags.version) return await show(versionText(command, line.invokedAs));
    return await runOptions(command, flags, line);
  } catch (error) {
    const facts = factsOfNoRun();
    const status = explain(error, terminal, facts.problems);
    const path = summaryPathOf(beforeProgram);
    const reserve = () => (path === undefined ? undefined : reserveOutput(path));
    return await writeSummary(reserve, ended(facts, status), terminal);
  }
}

/** Checks the command line before asking cargo, and before anything is reserved or started. */
async function runOptions(command: CommandName, flags: Flags, line: SplitLine): Promise<number> {
  using interrupts = new Interrupts();
  if (command === 'cargo-profile-bee') return await runCargo(flags, line, interrupts);
  const options = toOptions(command, flags, line);
  interrupts.hearAll(); // before anything exists that a signal could leave behind
  const prepare = async () => prepareProgram(requestOf(options));
  return await recordWithSummary(options, prepare, interrupts);
}

/** Where standard output is for stacks only, the command writes to standard error. */
function requestOf({ target, ...options }: ProgramOptions): ProgramRequest {
  if (target.kind === 'pid' || !writesToStandardOutput(options)) return target;
  return { ...target, stdio: ['inherit', 2, 'inherit', ...inheritedStdio()] };
}

/**
 * The project's configuration has lower precedence than the command line, and is known once cargo has found the project.
 */
async function runCargo(flags: Flags, line: SplitLine, interrupts: Interrupts): Promise<number> {
  const { target, inspection, verbosity } = toTypedCargoLine(flags, line);
  if (inspection === undefined) {
    checkCanCapture(); // before anything slow
    startCargoThrough(ignoringLauncher());
    interrupts.hearAll();
  }
  const { findCargoProject, prepareCargoTarget } = await import('../../../../run/targets/cargo-target.js');
  const project = await interrupts.orThrow(findCargoProject(target, flagSpellings('cargo-profile-bee')));
  if (inspection?.what === 'targets') return await show(targetsText(project, inspection.asJson));
  const terminal = new Terminal(verbosity);
  const configured = await withConfiguration(flags, project, terminal);
  const options = toOptions('cargo-profile-bee', configured, line);
  if (inspection?.what === 'dry-run') {
    const { planText } = await import('./dry-run.js');
    return await show(await planText(project, options));
  }
  const files = [...options.outputs.map(({ path }) => path), options.summaryPath, options.rawSamplesPath];
  makeTargetFolders(files, project.metadata.targetDirectory);
  const note = (text: string) => terminal.note(text);
  const wantsTestNames = options.groupBy === 'test';
  const prepare = () => prepareCargoTarget(project, options.target, { wantsTestNames, note });
  return await recordWithSummary(options, prepare, interrupts);
}

async function recordWithSummary(
  options: RecordOptions,
  prepare: PrepareTarget,
  interrupts: Interrupts,
): Promise<number> {
  const terminal = new Terminal(options.verbosity);
  const summaryFile = options.summaryPath === undefined ? undefined : reserveOutput(options.summaryPath);
  const facts = noFacts(packageVersion(), options.plan);
  const status = await recordOrExplain({ options, prepare, facts, terminal, interrupts });
  return await untilSignal(interrupts, (signal) =>
    writeSummary(() => summaryFile, ended(facts, status), terminal, signal),
  );
}

async function recordOrExplain(recording: Recording): Promise<ExitStatus> {
  const { record } = await import('./record.js');
  try {
    return await record(recording);
  } catch (error) {
    return explain(error, recording.terminal, recording.facts.problems);
  }
}

function factsOfNoRun(): RunFacts {
  return noFacts(packageVersion(), { event: DEFAULT_EVENT.start, frequencyHz: 0, unwinder: 'dwarf' });
}

function ended(facts: RunFacts, exit: ExitStatus): Summary {
  return summaryOf(facts, { exit, cliPeakRssBytes: peakRssBytes() });
}

/** The summary path in a command line that could not be parsed. */
function summaryPathOf(argv: readonly string[]): string | undefined {
  const index = argv.findIndex((argument) => /^--summary-json(=|$)/.test(argument));
  return index < 0 ? undefined : argv[index]!.includes('=') ? argv[index]!.slice(15) : argv[index + 1];
}

async function writeSummary(
  reserve: () => ReservedFile | ReservedStream | undefined,
  summary: Summary,
  terminal: Terminal,
  signal?: AbortSignal,
): Promise<number> {
  try {
    const waiting = { ...(signal && { signal }), say: (text: string) => terminal.note(text) };
    await reserve()?.commit([jsonText(summary)], waiting);
    return summary.exit.code;
  } catch (error) {
    const { code } = summary.exit;
    const isSaid = summary.problems.toJSON().some(({ message }) => message === (error as Error).message);
    if (code !== 0 && isSaid) return code; // this file itself was refused
    const status = explain(error, terminal);
    return code === 0 ? status.code : code;
  }
}
