import type { ProfileSelection } from '../build/derived-profile.js';
import type { CargoCommand } from './cargo-command.js';
import { type FlagTable, type ScannedArgument, scanFlags } from './flag-scanner.js';
import { UsageError } from './usage-error.js';

/** Flags that `cargo test` and `cargo nextest run` (0.9.151) share, with the same meaning. */
const SHARED_WITH_VALUE = [
  ...['-p', '--package', '--exclude', '--bin', '--example', '--test', '--bench', '-F', '--features'],
  ...['--target', '--target-dir', '--manifest-path', '--config', '-Z'],
];
const SHARED_BOOLEAN = [
  ...['--workspace', '--all', '--lib', '--bins', '--examples', '--tests', '--benches', '--all-targets'],
  ...['--all-features', '--no-default-features', '--frozen', '--locked', '--offline'],
];
/** nextest rejects these together with `--no-run`. */
const ONLY_WHEN_RUN = [
  ...['--fail-fast', '--ff', '--no-fail-fast', '--nff', '--max-fail', '--debugger', '--tracer'],
];

/** nextest's `--profile`, `-j` and `--message-format` differ from cargo's flags of the same name. */
export const NEXTEST_FLAGS: FlagTable = {
  withValue: new Set([
    ...SHARED_WITH_VALUE,
    ...['--cargo-profile', '--build-jobs', '--cargo-message-format', '--color', '-P', '--profile', '-j'],
    ...['--test-threads', '-E', '--filterset', '--filter-expr', '-R', '--rerun', '--run-ignored', '--skip'],
    ...['--partition', '--platform-filter', '--retries', '--flaky-result', '--max-fail', '--debugger'],
    ...['--tracer', '--no-tests', '--stress-count', '--stress-duration', '--failure-output'],
    ...['--success-output', '--status-level', '--final-status-level', '--show-progress'],
    ...['--max-progress-running', '--message-format', '--message-format-version', '--archive-file'],
    ...['--archive-format', '--extract-to', '--cargo-metadata', '--workspace-remap', '--binaries-metadata'],
    ...['--target-dir-remap', '--build-dir-remap', '--config-file', '--user-config-file'],
    ...['--tool-config-file'],
  ]),
  boolean: new Set([...SHARED_BOOLEAN, '-r', '--release', '-v', '--verbose', '-h', '--help', '--no-run']),
};

/**
 * `cargo nextest [FLAGS] run [FLAGS] [FILTERS]`. Flags before `run` are also valid after it, and are moved there.
 *
 * @param words what follows `nextest`
 * @throws UsageError for another subcommand, and for flags that leave nothing to run
 */
export function parseNextestCommand(
  words: readonly string[],
  programArgs: readonly string[] = [],
): CargoCommand {
  const at = scanNextest(words).find((item) => item.kind === 'positional')?.start ?? words.length;
  const subcommand = words[at];
  if (subcommand !== 'run' && subcommand !== 'r') throw notRun(subcommand);
  const items = scanNextest([...words.slice(0, at), ...words.slice(at + 1)]);
  refuseUnprofilable(items);
  const profileItems = items.filter(isProfileFlag);
  return {
    verb: 'nextest',
    args: items.filter((item) => !isProfileFlag(item)).flatMap(({ tokens }) => tokens),
    programArgs: [...programArgs],
    profileSelection: selectedProfile(profileItems),
    profileFlags: profileItems.flatMap(({ tokens }) => tokens),
  };
}

/** The arguments that `nextest run --no-run` also accepts. */
export function nextestBuildArguments(args: readonly string[]): string[] {
  return scanNextest(args)
    .filter((item) => item.kind !== 'flag' || !ONLY_WHEN_RUN.includes(item.name))
    .flatMap(({ tokens }) => tokens);
}

/** The arguments that choose what `cargo test` would build. */
export function cargoTestArguments(args: readonly string[]): string[] {
  const shared = new Set([...SHARED_WITH_VALUE, ...SHARED_BOOLEAN]);
  return scanNextest(args)
    .filter((item) => item.kind === 'flag' && shared.has(item.name))
    .flatMap(({ tokens }) => tokens);
}

function scanNextest(args: readonly string[]): ScannedArgument[] {
  return [...scanFlags(args, NEXTEST_FLAGS)];
}

function isProfileFlag(item: ScannedArgument): boolean {
  return item.kind === 'flag' && ['-r', '--release', '--cargo-profile'].includes(item.name);
}

function selectedProfile(items: readonly ScannedArgument[]): ProfileSelection | undefined {
  const last = items.at(-1);
  if (last?.kind !== 'flag') return undefined;
  if (new Set(items.map((item) => item.kind === 'flag' && item.name === '--cargo-profile')).size > 1) {
    throw new UsageError(
      '--release and --cargo-profile both choose a profile',
      'leave out one of --release and --cargo-profile',
    );
  }
  return last.value === undefined ? { kind: 'release' } : { kind: 'named', name: last.value };
}

function refuseUnprofilable(items: readonly ScannedArgument[]): void {
  const names = items.map((item) => (item.kind === 'flag' ? item.name : ''));
  if (names.includes('--no-run'))
    throw new UsageError('--no-run leaves nothing to profile', 'leave out --no-run');
  if (names.includes('--archive-file')) {
    throw new UsageError(
      '--archive-file: the archive was built elsewhere, so its symbols and packages are unknown',
      'leave out --archive-file',
    );
  }
}

function notRun(subcommand: string | undefined): UsageError {
  const typed = subcommand === undefined ? 'cargo nextest' : `cargo nextest ${subcommand}`;
  return new UsageError(`${typed} runs no tests to profile`, 'nextest run');
}
