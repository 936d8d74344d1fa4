import { type FlagTable, type ScannedArgument, scanFlags } from '../command/flag-scanner.js';

/** The flags of libtest, libtest-mimic, criterion and divan together, because every harness receives the same arguments. */
const HARNESS_FLAGS: FlagTable = {
  withValue: new Set([
    ...['--skip', '--test-threads', '--format', '--color', '--logfile', '--shuffle-seed', '-Z'],
    ...['-c', '-s', '--save-baseline', '-b', '--baseline', '--baseline-lenient', '--load-baseline'],
    ...['--profile-time', '--sample-size', '--warm-up-time', '--measurement-time', '--nresamples'],
    ...['--noise-threshold', '--confidence-level', '--significance-level', '--plotting-backend'],
    ...['--output-format', '--sample-count', '--threads', '--timer', '--min-time', '--max-time'],
    ...['--sort', '--sortr', '--items-count', '--bytes-count', '--chars-count', '--cycles-count'],
    '--bytes-format',
  ]),
  boolean: new Set(['-q', '-h', '-n', '-v']),
};

/**
 * Flags that conflict with `--list --format terse`: libtest rejects a repeated flag, libtest-mimic `--quiet`, criterion
 * `--profile-time` and `--test`, divan `--test`; `--logfile` would be written.
 */
const NOT_BESIDE_LIST = new Set([
  '--list',
  '--format',
  '--quiet',
  '-q',
  '--profile-time',
  '--test',
  '--logfile',
]);

/** Whether the arguments name what to run. Without a name every harness runs, whatever it contains. */
export function hasFilter(harnessArgs: readonly string[]): boolean {
  const { own, afterSeparator } = split(harnessArgs);
  return afterSeparator.length > 0 || scan(own).some((item) => item.kind === 'positional');
}

/**
 * The arguments that list what `harnessArgs` would run. They go first: after a `--` they would be two more filters, and the
 * harness would run.
 */
export function listingArguments(harnessArgs: readonly string[]): string[] {
  const { own, afterSeparator } = split(harnessArgs);
  const kept = scan(own).filter((item) => item.kind === 'positional' || !NOT_BESIDE_LIST.has(item.name));
  const separated = afterSeparator.length > 0 ? ['--', ...afterSeparator] : [];
  return ['--list', '--format', 'terse', ...kept.flatMap((item) => item.tokens), ...separated];
}

/** `cargo bench` passes `--bench`, which ignores tests unless `--test` is given too. */
export function runsOnlyBenchmarks(harnessArgs: readonly string[]): boolean {
  const names = scan(split(harnessArgs).own).map((item) => (item.kind === 'flag' ? item.name : ''));
  return names.includes('--bench') && !names.includes('--test');
}

function split(args: readonly string[]): { own: readonly string[]; afterSeparator: readonly string[] } {
  const at = args.indexOf('--');
  return at < 0
    ? { own: args, afterSeparator: [] }
    : { own: args.slice(0, at), afterSeparator: args.slice(at + 1) };
}

function scan(args: readonly string[]): ScannedArgument[] {
  return [...scanFlags(args, HARNESS_FLAGS)];
}
