import { noteInheritedDescriptors } from '../../cargo/launch/inherited-descriptors.js';
import type { CommandName } from './command-line/flags.js';
import { type SplitLine, splitProfilerLine } from './command-line/split-line.js';
import { packageVersion } from './command-line/version.js';

/** The command `cargo-profile-bee`; `argv` without node and script. Ends the process once there was work to do. */
export async function runCargoProfileBee(argv: readonly string[]): Promise<void> {
  const [invokedAs, own] =
    argv[0] === 'profile-bee' ? ['cargo profile-bee', argv.slice(1)] : ['cargo-profile-bee', argv];
  if (own[0] === 'doctor') return await runDoctor(own.slice(1), `${invokedAs} doctor`);
  if (own[0] === 'record') return await runProfiler(own.slice(1), `${invokedAs} record`);
  if (await answerAtOnce('cargo-profile-bee', own)) return;
  const { splitWrapperLine } = await import('./command-line/wrapper-line.js');
  await runCommand('cargo-profile-bee', argv, splitWrapperLine);
}

/** The command `profile-bee`. Ends the process once there was work to do. */
export async function runProfileBee(argv: readonly string[]): Promise<void> {
  await runProfiler(argv, 'profile-bee');
}

/** Other programs are called `profile-bee` too: as `cargo-profile-bee record` this one cannot be taken for them. */
async function runProfiler(argv: readonly string[], invokedAs: string): Promise<void> {
  if (argv[0] === 'doctor') return await runDoctor(argv.slice(1), `${invokedAs} doctor`);
  if (await answerAtOnce('profile-bee', argv.length === 0 ? ['--help'] : argv, invokedAs)) return;
  await runCommand('profile-bee', argv, (line) => ({ ...splitProfilerLine(line), invokedAs }));
}

/** Help, version and the other commands, without loading what a run needs. */
async function answerAtOnce(
  command: CommandName,
  argv: readonly string[],
  invokedAs: string = command,
): Promise<boolean> {
  const [word] = argv;
  if (word === '--version' || word === '-V') {
    return await printAtOnce(`${invokedAs} ${packageVersion()}\n`);
  }
  if (word === '--help' || word === '-h' || word === 'help') {
    const { helpText } = await import('./command-line/help.js');
    return await printAtOnce(helpText(command, invokedAs));
  }
  const { runOtherCommand } = await import('./commands/run-command.js');
  const code = await runOtherCommand(command, argv, invokedAs);
  if (code !== undefined) process.exitCode = code;
  return code !== undefined;
}

async function printAtOnce(text: string): Promise<true> {
  const { printOrExplain } = await import('./terminal/print-or-explain.js');
  process.exitCode = await printOrExplain(text);
  return true;
}

async function runDoctor(argv: readonly string[], invokedAs: string): Promise<void> {
  const { runDoctor } = await import('./commands/doctor/doctor.js');
  process.exit(await runDoctor(argv, invokedAs));
}

async function runCommand(
  command: CommandName,
  argv: readonly string[],
  split: (argv: readonly string[]) => SplitLine,
): Promise<void> {
  noteInheritedDescriptors();
  const { runWithFlags } = await import('./commands/record/run.js');
  // Not exitCode alone: a run that was given up has left its build or its program behind, which would keep us here.
  process.exit(await runWithFlags(command, argv, split));
}
