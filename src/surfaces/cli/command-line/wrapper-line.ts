import { splitCommandLine, UsageError } from '../../../cargo/command/parse-cargo-arguments.js';
import { shellLine } from '../../../cargo/command/shell-line.js';
import { flagSpellings } from './flags.js';
import type { SplitLine } from './split-line.js';

/** The wrapper's grammar. `cargo profile-bee …` arrives with `profile-bee` in front. Throws UsageError. */
export function splitWrapperLine(argv: readonly string[]): SplitLine {
  const isSubcommand = argv[0] === 'profile-bee';
  const own = isSubcommand ? argv.slice(1) : argv;
  const invokedAs = isSubcommand ? 'cargo profile-bee' : 'cargo-profile-bee';
  const split = splitCommandLine(own, flagSpellings('cargo-profile-bee'), invokedAs);
  if (own[split.ours.length] === 'record') throw recordComesFirst(own, split.ours.length, invokedAs);
  return { ...split, invokedAs };
}

/** Flags before `record` would be the wrapper's, which lacks some of `record`'s. */
function recordComesFirst(typed: readonly string[], at: number, invokedAs: string): UsageError {
  const others = typed.filter((_, index) => index !== at);
  const corrected = shellLine([...invokedAs.split(' '), 'record', ...others]);
  return new UsageError('record comes before all flags', corrected);
}
