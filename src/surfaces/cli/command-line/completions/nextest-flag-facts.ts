import { NEXTEST_FLAGS } from '../../../../cargo/command/nextest-command.js';
import { CARGO_FLAG_FACTS, type CargoFlagFacts } from './cargo-flag-facts.js';
import type { CompletedFlag } from './completed-flag.js';

const WHEN_SHOWN = { choices: ['immediate', 'immediate-final', 'final', 'never'] };

/** By long name, worded as in `cargo nextest run --help`; its other flags are recognized but not offered. */
export const NEXTEST_FLAG_FACTS: Readonly<Record<string, CargoFlagFacts>> = {
  '--cargo-profile': { describe: 'Build with this cargo profile', value: { names: 'profile' } },
  '--release': { describe: 'Optimized (the profiler does so anyway)' },
  '--profile': { describe: 'The nextest profile to use', value: 'text' },
  '--test-threads': { describe: 'Number of tests to run at the same time', value: 'text' },
  '--build-jobs': { describe: 'Number of build jobs', value: 'text' },
  '--filterset': { describe: 'Run the tests that this expression selects', value: 'text' },
  '--run-ignored': { describe: 'Run ignored tests', value: { choices: ['default', 'only', 'all'] } },
  '--skip': { describe: 'Skip tests whose names contain this', value: 'text' },
  '--partition': { describe: 'Run one part of the tests', value: 'text' },
  '--retries': { describe: 'Number of retries of a failing test', value: 'text' },
  '--max-fail': { describe: 'Stop after this number of failures', value: 'text' },
  '--no-tests': {
    describe: 'What no test to run means',
    value: { choices: ['auto', 'pass', 'warn', 'fail'] },
  },
  '--success-output': { describe: 'When output of passing tests is shown', value: WHEN_SHOWN },
  '--failure-output': { describe: 'When output of failing tests is shown', value: WHEN_SHOWN },
  '--config-file': { describe: 'The configuration of nextest', value: 'file' },
};

/** With the same meaning as in cargo. */
const AS_CARGO = [
  ...[
    '--package',
    '--workspace',
    '--exclude',
    '--lib',
    '--bin',
    '--bins',
    '--example',
    '--examples',
    '--test',
  ],
  ...[
    '--tests',
    '--bench',
    '--benches',
    '--all-targets',
    '--features',
    '--all-features',
    '--no-default-features',
  ],
  ...['--target', '--target-dir', '--manifest-path', '--config', '-Z', '--locked', '--offline', '--frozen'],
  ...['--color', '--verbose', '--help'],
];

const SHORT_NAMES: Readonly<Record<string, string>> = {
  '--package': '-p',
  '--features': '-F',
  '--release': '-r',
  '--profile': '-P',
  '--test-threads': '-j',
  '--filterset': '-E',
  '--verbose': '-v',
  '--help': '-h',
};

export function nextestFlags(): CompletedFlag[] {
  const shared = AS_CARGO.map((name) => [name, CARGO_FLAG_FACTS[name]] as const);
  return [...shared, ...Object.entries(NEXTEST_FLAG_FACTS)].map(([name, facts]) => ({
    spellings: [...(name in SHORT_NAMES ? [SHORT_NAMES[name]!] : []), name],
    describe: facts?.describe ?? '',
    value: facts?.value,
  }));
}

/** Every spelling that takes a value, whether offered or not. */
export function nextestValueSpellings(): string[] {
  return [...NEXTEST_FLAGS.withValue];
}
