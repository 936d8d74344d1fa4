import { flagsNamed, hasFlag, scanCargoArguments } from '../command/cargo-flags.js';
import { type CargoContext, cargoProgram } from '../launch/cargo-process.js';
import { listingArguments } from './harness-arguments.js';
import { type HarnessListing, namesListed } from './harness-listing.js';

/** With any of these, `cargo test` skips the doc tests. */
const TARGET_FLAGS = [
  ...['--lib', '--bin', '--bins', '--test', '--tests', '--example', '--examples'],
  ...['--bench', '--benches', '--all-targets'],
];

/** Whether `cargo test` with these arguments runs doc tests at all: not if a name is among its own arguments. */
export function runsDocTests(args: readonly string[]): boolean {
  const hasName = scanCargoArguments(args).some(({ kind }) => kind === 'positional');
  return !hasName && flagsNamed(args, ...TARGET_FLAGS).length === 0;
}

/**
 * Asks rustdoc which doc tests `cargo test` would run. `args` are cargo's, with the profile but without our runner: since
 * edition 2024 rustdoc compiles all doc tests of a crate into one program, filtered or not, and runs that to list them.
 * That takes as long as cargo's own compilation of it (300 doc tests: 1.5 s); older editions compile nothing (0.2 s).
 *
 * Also `unknown` if there is no library. Never rejects.
 */
export async function listDocTests(
  args: readonly string[],
  harnessArgs: readonly string[],
  context: CargoContext,
): Promise<HarnessListing> {
  const { execa } = await import('execa');
  const doc = hasFlag(args, '--doc') ? [] : ['--doc'];
  const command = ['test', ...doc, ...args, '--', ...listingArguments(harnessArgs)];
  const options = { ...context, extendEnv: false, stdin: 'ignore', reject: false } as const;
  const { failed, stdout, stderr, shortMessage } = await execa(cargoProgram(context.env), command, options);
  if (failed) return { kind: 'unknown', reason: stderr?.trim() || shortMessage || '' };
  return { kind: 'listed', ...namesListed(stdout ?? '') };
}
