import { noteInheritedDescriptors } from '../../cargo/launch/inherited-descriptors.js';
import type { CommandName } from './command-line/flag-specification.js';
import { type SplitLine, splitProfilerLine } from './command-line/split-line.js';

/** The command `cargo-profile-bee`; `argv` without node and script. Exits the process after a run. */
export async function runCargoProfileBee(argv: readonly string[]): Promise<void> {
  const [invokedAs, own] =
    argv[0] === 'profile-bee' ? ['cargo profile-bee', argv.slice(1)] : ['cargo-profile-bee', argv];
  if (own[0] === 'record') return await runProfiler(own.slice(1), `${invokedAs} record`);
  if (await answerAtOnce('cargo-profile-bee', own, invokedAs)) return;
  const { splitWrapperLine } = await import('./command-line/wrapper-line.js');
  await profile('cargo-profile-bee', argv, splitWrapperLine);
}

/** The command `profile-bee`. Exits the process after a run. */
export async function runProfileBee(argv: readonly string[]): Promise<void> {
  await runProfiler(argv, 'profile-bee');
}

/** Other programs are also called `profile-bee`; `cargo-profile-bee record` is an unambiguous name for this one. */
async function runProfiler(argv: readonly string[], invokedAs: string): Promise<void> {
  if (await answerAtOnce('profile-bee', argv.length === 0 ? ['--help'] : argv, invokedAs)) return;
  await profile('profile-bee', argv, (line) => ({ ...splitProfilerLine(line), invokedAs }));
}

/** Runs help, version and the other commands, without loading what a run needs. */
async function answerAtOnce(
  command: CommandName,
  argv: readonly string[],
  invokedAs: string,
): Promise<boolean> {
  const { runCommand } = await import('./commands/run-command.js');
  const code = await runCommand(command, argv, invokedAs);
  if (code !== undefined && argv[0] === 'doctor') process.exit(code); // its trial may leave handles open
  if (code !== undefined) process.exitCode = code;
  return code !== undefined;
}

async function profile(
  command: CommandName,
  argv: readonly string[],
  split: (argv: readonly string[]) => SplitLine,
): Promise<void> {
  noteInheritedDescriptors();
  const { runWithFlags } = await import('./commands/record/record-command.js');
  // Not exitCode alone: a run that was given up has left its build or its program behind, which would keep us here.
  process.exit(await runWithFlags(command, argv, split));
}
