import { splitCommandLine, UsageError } from '../../cargo/parse-cargo-arguments.js';
import { flagSpellings } from './flags.js';
import type { SplitLine } from './main.js';
import { UsageProblem } from './usage-problem.js';

/** The wrapper's grammar. `cargo profile-bee …` arrives with `profile-bee` in front. Throws UsageProblem. */
export function splitWrapperLine(argv: readonly string[]): SplitLine {
  const isSubcommand = argv[0] === 'profile-bee';
  const own = isSubcommand ? argv.slice(1) : argv;
  const invokedAs = isSubcommand ? 'cargo profile-bee' : 'cargo-profile-bee';
  try {
    return { ...splitCommandLine(own, flagSpellings('cargo-profile-bee'), invokedAs), invokedAs };
  } catch (error) {
    throw error instanceof UsageError ? new UsageProblem(error.message, error.hint) : error;
  }
}
