import { flagsNamed, hasFlag, scanCargoArguments } from '../command/cargo-flags.js';
import { type CargoContext, cargoProgram } from '../launch/cargo-process.js';
import { listingArguments } from './harness-arguments.js';
import { type HarnessListing, namesListed } from './harness-listing.js';

/** With one of them `cargo test` leaves the doc tests out. */
const TARGET_FLAGS = [
  ...['--lib', '--bin', '--bins', '--test', '--tests', '--example', '--examples'],
  ...['--bench', '--benches', '--all-targets'],
];

/** Whether `cargo test` with these arguments comes to the doc tests at all: not with a name among its own arguments. */
export function runsDocTests(args: readonly string[]): boolean {
  const hasName = scanCargoArguments(args).some(({ kind }) => kind === 'positional');
  return !hasName && flagsNamed(args, ...TARGET_FLAGS).length === 0;
}

/**
 * Asks rustdoc which doc tests `cargo test` would run. `args` are cargo's, with the profile but without our runner:
 * from the edition of 2024 on rustdoc compiles all doc tests of a crate into one program, filtered or not, and runs
 * that to list them. It takes as long as cargo's own compilation of it (300 doc tests: 1.5 s); with older editions
 * none is compiled (0.2 s).
 *
 * `unknown` also where there is no library. Never rejects.
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
