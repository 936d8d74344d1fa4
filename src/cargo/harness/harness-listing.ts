import { resolve } from 'node:path';
import { outputWithin } from '../launch/output-within.js';
import { listingArguments, runsOnlyBenchmarks } from './harness-arguments.js';
import { harnessKind } from './harness-kind.js';

export interface HarnessCommand {
  /** The user's runner, if any, the harness, and its arguments. */
  argv: readonly string[];
  cwd: string;
  env: NodeJS.ProcessEnv;
  /** Absolute path of the harness; one of the words of `argv`. */
  executable: string;
}

/** The names in a harness that its arguments select. `unknown`: run it as cargo would. */
export type HarnessListing =
  | { kind: 'listed'; tests: string[]; benchmarks: string[] }
  | { kind: 'unknown'; reason: string };

/** libtest lists in 5 ms, but criterion sets up every benchmark for it, and the runner may be an emulator. */
const TIMEOUT_MS = 10_000;

/**
 * Asks a harness what it would run, as cargo-nextest does, which authors of harnesses support: with `NEXTEST` in the
 * environment and `--list --format terse`. Divan knows that format only with the variable. Never rejects.
 */
export async function listHarness(command: HarnessCommand, timeoutMs = TIMEOUT_MS): Promise<HarnessListing> {
  const { argv, cwd, env, executable } = command;
  const at = argv.findIndex((word) => resolve(cwd, word) === executable);
  if (at < 0) return unknown('its path is not a word of the command');
  try {
    if ((await harnessKind(executable)) === undefined) return unknown('it is not known to answer --list');
    const listing = [...argv.slice(0, at + 1), ...listingArguments(argv.slice(at + 1))];
    const output = await outputWithin(timeoutMs, listing, { cwd, env: { ...env, NEXTEST: '1' } });
    const names = namesListed(output);
    const isForeign = output.trim() !== '' && names.tests.length + names.benchmarks.length === 0;
    return isForeign ? unknown('its answer to --list names no test') : { kind: 'listed', ...names };
  } catch (error) {
    return unknown((error as Error).message);
  }
}

/** How many of the listed names these harness arguments would run. */
export function countSelected(
  { tests, benchmarks }: HarnessListing & { kind: 'listed' },
  harnessArgs: readonly string[],
): number {
  return benchmarks.length + (runsOnlyBenchmarks(harnessArgs) ? 0 : tests.length);
}

/**
 * Reads lines like `path::name: test`; libtest-mimic writes `bench`. Ignores other lines, which the program itself printed.
 */
export function namesListed(output: string): { tests: string[]; benchmarks: string[] } {
  const lines = output.split(/\r?\n/);
  const benchmarks = [...namesWith(lines, ': benchmark'), ...namesWith(lines, ': bench')];
  return { tests: namesWith(lines, ': test'), benchmarks };
}

function namesWith(lines: readonly string[], ending: string): string[] {
  return lines.filter((line) => line.endsWith(ending)).map((line) => line.slice(0, -ending.length));
}

function unknown(reason: string): HarnessListing {
  return { kind: 'unknown', reason };
}
