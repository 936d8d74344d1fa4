import type { CommandName } from './flags.js';
import { packageVersion } from './version.js';

/** The command `cargo-profile-bee`; `argv` without node and script. Ends the process, except for `--version`. */
export async function runCargoProfileBee(argv: readonly string[]): Promise<void> {
  const { splitWrapperLine } = await import('./wrapper-line.js');
  await runCommand('cargo-profile-bee', argv, splitWrapperLine);
}

/** The command `profile-bee`. Ends the process, except for `--version`. */
export async function runProfileBee(argv: readonly string[]): Promise<void> {
  await runCommand('profile-bee', argv, splitProfilerLine);
}

/** Our flags, and what follows them. */
export interface SplitLine {
  ours: readonly string[];
  cargo?: readonly string[];
  program?: readonly string[] | undefined;
  /** As the wrapper was typed, for corrected lines. */
  invokedAs?: string;
}

function splitProfilerLine(argv: readonly string[]): SplitLine {
  const dashes = argv.indexOf('--');
  return dashes < 0 ? { ours: argv } : { ours: argv.slice(0, dashes), program: argv.slice(dashes + 1) };
}

async function runCommand(
  command: CommandName,
  argv: readonly string[],
  split: (argv: readonly string[]) => SplitLine,
): Promise<void> {
  if (argv[0] === '--version' || argv[0] === '-V') {
    process.stdout.write(`${command} ${packageVersion()}\n`);
    return;
  }
  if (argv.length === 0 && command === 'profile-bee') argv = ['--help'];
  const { runWithFlags } = await import('./run.js');
  // Not exitCode alone: a run that was given up has left its build or its program behind, which would keep us here.
  process.exit(await runWithFlags(command, argv, split));
}
