import { splitCommandLine, UsageError } from '../../cargo/parse-cargo-arguments.js';
import { flagSpellings } from './flags.js';
import type { SplitLine } from './main.js';
import { UsageProblem } from './usage-problem.js';

/** The wrapper's grammar. `cargo profile-bee …` arrives with `profile-bee` in front. Throws UsageProblem. */
export function splitWrapperLine(argv: readonly string[]): SplitLine {
  const own = argv[0] === 'profile-bee' ? argv.slice(1) : argv;
  try {
    return splitCommandLine(own, flagSpellings('cargo-profile-bee'));
  } catch (error) {
    throw error instanceof UsageError ? new UsageProblem(error.message, error.hint) : error;
  }
}
