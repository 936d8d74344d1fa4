import { constants } from 'node:os';
import { CargoFailure } from '../build/cargo-failure.js';
import { throughLauncher } from './cargo-launcher.js';
import { inheritedStdio } from './inherited-descriptors.js';

/** Where cargo runs, and its environment; both are passed on unchanged. */
export interface CargoContext {
  cwd: string;
  env: NodeJS.ProcessEnv;
}

/** Cargo sets `$CARGO` for its subcommands; going through the rustup proxy again would change the environment. */
export function cargoProgram(env: NodeJS.ProcessEnv): string {
  return env.CARGO || 'cargo';
}

/**
 * Runs cargo and passes its standard output on line by line; standard error stays on the terminal, with cargo's own colours
 * and progress. Standard input is left for the program that runs later.
 *
 * @throws CargoFailure if cargo cannot be started or does not exit with 0
 */
export async function runCargo(
  args: readonly string[],
  context: CargoContext,
  onLine: (line: string) => void,
): Promise<void> {
  const { execa } = await import('execa');
  const program = cargoProgram(context.env);
  const [file, ...words] = throughLauncher([program, ...args]);
  const running = execa(file, words, {
    ...context,
    extendEnv: false,
    stdio: ['ignore', 'pipe', 'inherit', ...inheritedStdio()],
    buffer: false,
    reject: false,
  });
  const lines = running.iterable({ from: 'stdout' });
  try {
    for await (const line of lines) onLine(line);
  } catch {
    // The result below says what happened.
  }
  const { exitCode, signal, failed, originalMessage } = await running;
  if (!failed) return;
  if (exitCode === undefined && signal === undefined) throw notStarted(program, originalMessage);
  throw new CargoFailure(`cargo ${args[0] ?? ''} failed`, exitCode ?? signalExitCode(signal), true);
}

/** The exit code that a shell reports for a command ended by a signal. */
export function signalExitCode(signal: NodeJS.Signals | undefined): number {
  return 128 + (signal === undefined ? 0 : constants.signals[signal]);
}

function notStarted(program: string, reason = ''): CargoFailure {
  return new CargoFailure(
    `cannot start ${program}: ${reason}`,
    127,
    false,
    'install Rust (https://rustup.rs) or set CARGO',
  );
}
