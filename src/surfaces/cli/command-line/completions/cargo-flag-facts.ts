import { CARGO_FLAGS, LONG_NAMES } from '../../../../cargo/command/cargo-flags.js';
import type { CompletedFlag, CompletedValue } from './completed-flag.js';

export interface CargoFlagFacts {
  describe: string;
  value?: CompletedValue;
  /** Only for these verbs. */
  verbs?: readonly string[];
}

const TESTING = ['test', 'bench'];

/** By long name, worded as in `cargo --help`. */
export const CARGO_FLAG_FACTS: Readonly<Record<string, CargoFlagFacts>> = {
  '--package': { describe: 'Package with the target', value: { names: 'package' } },
  '--workspace': { describe: 'All packages of the workspace', verbs: TESTING },
  '--exclude': {
    describe: 'Leave this package of the workspace out',
    value: { names: 'package' },
    verbs: TESTING,
  },
  '--bin': { describe: 'The binary of this name', value: { names: 'bin' } },
  '--example': { describe: 'The example of this name', value: { names: 'example' } },
  '--test': { describe: 'The test target of this name', value: { names: 'test' }, verbs: TESTING },
  '--bench': { describe: 'The bench target of this name', value: { names: 'bench' }, verbs: TESTING },
  '--lib': { describe: "The package's library", verbs: TESTING },
  '--bins': { describe: 'All binaries', verbs: TESTING },
  '--examples': { describe: 'All examples', verbs: TESTING },
  '--tests': { describe: 'All targets that have test = true', verbs: TESTING },
  '--benches': { describe: 'All targets that have bench = true', verbs: TESTING },
  '--all-targets': { describe: 'All targets', verbs: TESTING },
  '--doc': { describe: "Only the library's documentation", verbs: ['test'] },
  '--no-fail-fast': { describe: 'Run all of them regardless of failure', verbs: TESTING },
  '--features': { describe: 'Activate these features', value: { names: 'feature' } },
  '--all-features': { describe: 'Activate all available features' },
  '--no-default-features': { describe: 'Do not activate the default feature' },
  '--release': { describe: 'Optimized (the profiler does so anyway)', verbs: ['run', 'test'] },
  '--profile': { describe: 'Build with this profile', value: { names: 'profile' } },
  '--jobs': { describe: 'Number of parallel jobs', value: 'text' },
  '--keep-going': { describe: 'Build on after the first error', verbs: ['run'] },
  '--target': { describe: 'Build for this target triple', value: 'text' },
  '--target-dir': { describe: 'Folder for all that is generated', value: 'directory' },
  '--artifact-dir': { describe: 'Copy final artifacts to this folder (unstable)', value: 'directory' },
  '--manifest-path': { describe: 'Path to Cargo.toml', value: 'file' },
  '--lockfile-path': { describe: 'Path to Cargo.lock (unstable)', value: 'file' },
  '--color': { describe: 'Colour of the messages', value: { choices: ['auto', 'always', 'never'] } },
  '--config': { describe: 'Override a configuration value (KEY=VALUE or a file)', value: 'file' },
  '-Z': { describe: 'Unstable flag of cargo (nightly)', value: 'text' },
  '--ignore-rust-version': { describe: 'Ignore rust-version in packages' },
  '--timings': { describe: 'Report on the time of the build' },
  '--future-incompat-report': { describe: 'Report on future incompatibilities', verbs: ['test'] },
  '--locked': { describe: 'Cargo.lock stays unchanged' },
  '--offline': { describe: 'Do not access the network' },
  '--frozen': { describe: 'The same as --locked and --offline' },
  '--verbose': { describe: 'Verbose output of cargo' },
  '--quiet': { describe: 'No messages of cargo' },
  '--help': { describe: "Cargo's help" },
};

/** Rejected by us, or useless for profiling. */
const NOT_OFFERED = ['--message-format', '--no-run', '--unit-graph'];

/** The flags of cargo run, test and bench together. Flags missing from the table above are offered too. */
export function cargoFlags(): CompletedFlag[] {
  const names = [...CARGO_FLAGS.withValue, ...CARGO_FLAGS.boolean];
  const flags = names.filter((name) => !(name in LONG_NAMES) && !NOT_OFFERED.includes(name));
  return flags.map((name) => ({
    spellings: [...shortNamesOf(name), name],
    describe: CARGO_FLAG_FACTS[name]?.describe ?? '',
    value: CARGO_FLAGS.withValue.has(name) ? (CARGO_FLAG_FACTS[name]?.value ?? 'text') : undefined,
  }));
}

/** The flags of `run`, `test` or `bench`. */
export function cargoFlagsOf(verb: string): CompletedFlag[] {
  return cargoFlags().filter(
    (flag) => CARGO_FLAG_FACTS[flag.spellings.at(-1)!]?.verbs?.includes(verb) ?? true,
  );
}

function shortNamesOf(longName: string): string[] {
  return Object.keys(LONG_NAMES).filter((name) => !name.startsWith('--') && LONG_NAMES[name] === longName);
}
