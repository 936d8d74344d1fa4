import { type FlagTable, type ScannedArgument, type ScannedFlag, scanFlags } from './flag-scanner.js';

/** Flags of cargo 1.95's run, test and bench together. Cargo itself rejects a flag that belongs to another verb. */
export const CARGO_FLAGS: FlagTable = {
  withValue: new Set([
    ...['-p', '--package', '--exclude', '--bin', '--example', '--test', '--bench'],
    ...['-F', '--features', '-j', '--jobs', '--profile', '--target', '--target-dir', '--artifact-dir'],
    ...['--manifest-path', '--lockfile-path', '--message-format', '--color', '--config', '-Z'],
  ]),
  boolean: new Set([
    ...['--lib', '--bins', '--examples', '--tests', '--benches', '--all-targets', '--doc'],
    ...['--workspace', '--all', '--no-run', '--no-fail-fast', '--keep-going', '-r', '--release'],
    ...['--all-features', '--no-default-features', '--ignore-rust-version', '--unit-graph', '--timings'],
    ...['--future-incompat-report', '--locked', '--offline', '--frozen'],
    ...['-v', '--verbose', '-q', '--quiet', '-h', '--help'],
  ]),
};

/** Alternative spelling → long name. */
export const LONG_NAMES: Readonly<Record<string, string>> = {
  '-p': '--package',
  '-F': '--features',
  '-j': '--jobs',
  '-r': '--release',
  '-v': '--verbose',
  '-q': '--quiet',
  '-h': '--help',
  '--all': '--workspace',
};

/** Cargo's arguments with every flag under its long name. */
export function scanCargoArguments(args: readonly string[]): ScannedArgument[] {
  return [...scanFlags(args, CARGO_FLAGS)].map((item) =>
    item.kind === 'flag' ? { ...item, name: LONG_NAMES[item.name] ?? item.name } : item,
  );
}

/** The occurrences of one flag, by its long name. */
export function flagsNamed(args: readonly string[], ...names: readonly string[]): ScannedFlag[] {
  return scanCargoArguments(args).filter(
    (item): item is ScannedFlag => item.kind === 'flag' && names.includes(item.name),
  );
}

export function hasFlag(args: readonly string[], ...names: readonly string[]): boolean {
  return flagsNamed(args, ...names).length > 0;
}
