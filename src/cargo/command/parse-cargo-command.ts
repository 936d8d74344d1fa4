import type { ProfileSelection } from '../build/derived-profile.js';
import type { CargoCommand } from './cargo-command.js';
import { flagsNamed, hasFlag, scanCargoArguments } from './cargo-flags.js';
import { type CargoVerb, cargoVerb, parseVerb } from './cargo-verb.js';
import type { ScannedArgument } from './flag-scanner.js';
import { nearestName } from './nearest-name.js';
import { parseNextestCommand } from './nextest-command.js';
import { shellLine } from './shell-line.js';
import { UsageError } from './usage-error.js';

/**
 * `alias`: what was typed in place of the verb.
 *
 * @throws UsageError for a verb that cannot be profiled and for flags that leave nothing to run
 */
export function parseCargoCommand(
  cargo: readonly string[],
  program?: readonly string[],
  alias?: string,
): CargoCommand {
  const { verb, isTyped, args } = parseVerb(cargo);
  if (verb === 'unknown') throw unknownVerb(cargo[0] as string, alias && `${alias} (${shellLine(cargo)})`);
  if (verb === 'nextest') return parseNextestCommand(args, program);
  const { own, trailing } = verb === 'run' ? splitAtPositional(args) : { own: args, trailing: [] };
  if (!isTyped) refuseLateVerb(trailing, own);
  refuseUnprofilable(own);
  if (verb === 'run') refuseFlagsOfOtherVerbs(own, [...trailing, ...(program ? ['--', ...program] : [])]);
  const items = scanCargoArguments(own);
  return {
    verb,
    args: items.filter((item) => !isProfileFlag(item)).flatMap((item) => item.tokens),
    programArgs: programArguments(trailing, program),
    profileSelection: selectedProfile(own),
    profileFlags: items.filter(isProfileFlag).flatMap((item) => item.tokens),
  };
}

/** `cargo run` passes its first positional argument, and everything after it, to the program. */
function splitAtPositional(args: readonly string[]): { own: string[]; trailing: string[] } {
  const positional = scanCargoArguments(args).find((item) => item.kind === 'positional');
  const at = positional?.start ?? args.length;
  return { own: args.slice(0, at), trailing: args.slice(at) };
}

/** Cargo passes a `--` on if a positional argument precedes it: `run a -- b` gives `a -- b`. */
function programArguments(trailing: readonly string[], program: readonly string[] = []): string[] {
  const isInside = trailing.length > 0 && program.length > 0;
  return [...trailing, ...(isInside ? ['--'] : []), ...program];
}

function isProfileFlag(item: ScannedArgument): boolean {
  return item.kind === 'flag' && (item.name === '--release' || item.name === '--profile');
}

function selectedProfile(args: readonly string[]): ProfileSelection | undefined {
  const name = flagsNamed(args, '--profile').at(-1)?.value;
  const isRelease = hasFlag(args, '--release');
  if (name !== undefined && isRelease) {
    throw new UsageError(
      '--release and --profile both choose a profile',
      `leave out --release or --profile ${name}`,
    );
  }
  if (name !== undefined) return { kind: 'named', name };
  return isRelease ? { kind: 'release' } : undefined;
}

function refuseUnprofilable(args: readonly string[]): void {
  if (hasFlag(args, '--message-format')) {
    throw new UsageError(
      '--message-format: the profiler itself reads the build messages',
      'leave out --message-format; cargo build --message-format=… prints them without profiling',
    );
  }
  if (hasFlag(args, '--no-run')) {
    throw new UsageError('--no-run leaves nothing to profile', 'leave out --no-run');
  }
}

/**
 * Flags that `cargo build`, which builds for `run`, accepts and `cargo run` rejects, with the verb that was probably meant.
 */
const NOT_OF_RUN: Readonly<Record<string, CargoVerb | 'none'>> = {
  '--bench': 'bench',
  '--benches': 'bench',
  '--test': 'test',
  '--tests': 'test',
  '--lib': 'test',
  '--doc': 'test',
  '--no-fail-fast': 'test',
  '--all-targets': 'test',
  '--workspace': 'none',
  '--exclude': 'none',
  '--bins': 'none',
  '--examples': 'none',
  '--artifact-dir': 'none',
  '--future-incompat-report': 'none',
};

/** Rejects them before anything is built; `cargo run` would only do so afterwards. */
function refuseFlagsOfOtherVerbs(own: readonly string[], rest: readonly string[]): void {
  const [flag] = flagsNamed(own, ...Object.keys(NOT_OF_RUN));
  if (flag === undefined) return;
  const verb = NOT_OF_RUN[flag.name];
  const typed = flag.tokens[0]?.split('=', 1)[0];
  const advice =
    verb === undefined || verb === 'none'
      ? `leave out ${typed}; choose what to run with -p PACKAGE and --bin NAME`
      : shellLine([verb, ...own, ...rest]);
  throw new UsageError(`cargo run has no ${typed}`, advice);
}

function refuseLateVerb(trailing: readonly string[], own: readonly string[]): void {
  const [word] = trailing;
  if (word === undefined || cargoVerb(word) === undefined) return;
  throw new UsageError(
    `cargo's verb comes before its flags: ${shellLine([...own, word])}`,
    shellLine([word, ...own, ...trailing.slice(1)]),
  );
}

function unknownVerb(word: string, typed = word): UsageError {
  const verbs: readonly CargoVerb[] = ['run', 'test', 'bench', 'nextest'];
  const nearest = nearestName(word, verbs) ?? verbs.find((verb) => verb.startsWith(word));
  const general = "write run, test or bench, or no verb for run; the program's own arguments follow --";
  const advice = nearest === undefined ? general : `did you mean ${nearest}?`;
  return new UsageError(`cannot profile cargo ${typed}, only ${verbs.join(', ')}`, advice);
}
