import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { CargoFailure } from '../build/cargo-failure.js';
import { type CargoContext, cargoProgram } from '../launch/cargo-process.js';
import type { CargoCommand } from './cargo-command.js';
import { scanCargoArguments } from './cargo-flags.js';
import type { CargoVerb } from './cargo-verb.js';
import { shellLine } from './shell-line.js';

/**
 * Lets cargo explain in its own words why it does not run: executes the same `cargo run`, which fails before it builds.
 * `candidates` are flags that would work; they become lines to paste.
 *
 * @throws CargoFailure always, with cargo's exit code
 */
export async function showCargoRefusal(
  command: CargoCommand,
  candidates: readonly string[],
  typedBefore: readonly string[] = ['cargo', 'profile-bee'],
  context: CargoContext,
): Promise<never> {
  const args = ['run', ...command.args, ...command.profileFlags];
  const exitCode = await cargoExitCode(args, context);
  throw new CargoFailure(
    'cargo has nothing to run',
    exitCode,
    true,
    refusalAdvice(command, candidates, typedBefore),
  );
}

/**
 * Shows cargo's help for `--help` in cargo's part.
 *
 * @throws CargoFailure always, with cargo's exit code (0)
 */
export async function showCargoHelp(verb: CargoVerb, context: CargoContext): Promise<never> {
  throw new CargoFailure(`cargo ${verb} --help`, await cargoExitCode([verb, '--help'], context), true);
}

async function cargoExitCode(args: readonly string[], context: CargoContext): Promise<number> {
  const child = spawn(cargoProgram(context.env), args, {
    ...context,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? 101;
}

function refusalAdvice(
  command: CargoCommand,
  candidates: readonly string[],
  typedBefore: readonly string[],
): string {
  if (candidates.length === 0) {
    const verbs = ['test', 'bench'].map(
      (verb) => `  ${shellLine([...typedBefore, verb, ...keptArguments(command), ...command.profileFlags])}`,
    );
    return ['there is no binary and no example to run; you can profile its tests or benches:', ...verbs].join(
      '\n',
    );
  }
  const lines = candidates.map((flags) => `  ${correctedLine(command, flags, typedBefore)}`);
  return [`choose ${candidates.length === 1 ? 'it' : 'one'} by name:`, ...lines].join('\n');
}

/** The line as typed, with the corrected choice. */
function correctedLine(command: CargoCommand, flags: string, typedBefore: readonly string[]): string {
  const words = flags.split(' ');
  const program = command.programArgs.length > 0 ? ['--', ...command.programArgs] : [];
  const kept = keptArguments(command, words.includes('-p'));
  return shellLine([...typedBefore, ...words, ...kept, ...command.profileFlags, ...program]);
}

/** Drops the choice that failed; drops `-p` only if the new choice brings one. */
function keptArguments(command: CargoCommand, hasPackage = false): string[] {
  const replaced = ['--bin', '--example', ...(hasPackage ? ['--package'] : [])];
  return scanCargoArguments(command.args)
    .filter((item) => item.kind !== 'flag' || !replaced.includes(item.name))
    .flatMap((item) => item.tokens);
}
