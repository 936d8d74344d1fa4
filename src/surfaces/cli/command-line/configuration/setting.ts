import type { FlagSpecification } from '../flag-specification.js';
import { flagsOf } from '../flags.js';
import { camelCase, type Flags } from '../parse-flags.js';

const SETTING_NAMES = [
  ...[
    'frequency',
    'event',
    'unwind',
    'max-depth',
    'demangle',
    'debuginfod-wait',
    'table-memory',
    'output',
    'svg',
    'collapse',
    'summary-json',
    'raw-samples',
  ],
  ...['profile', 'as-is', 'profile-time', 'open', 'require'],
  ...['group-by', 'split', 'symbol-cache', 'symbolize-at-exit'],
];

/** The wrapper's flags that can be configured, by name. */
export const SETTINGS: ReadonlyMap<string, FlagSpecification> = new Map(
  flagsOf('cargo-profile-bee')
    .filter(({ name }) => SETTING_NAMES.includes(name))
    .map((flag) => [flag.name, flag]),
);

/**
 * The wrapper's other flags, with what to write instead. Verbosity is a choice for a single run: a file that made every run
 * quiet would hide what a run says about its own quality.
 */
export const COMMAND_LINE_ONLY: ReadonlyMap<string, string> = new Map([
  ['dev', 'profile = "dev"'],
  ['dwarf', 'unwind = "dwarf"'],
  ['check-unwinding', '--check-unwinding belongs on the command line'],
  ['quiet', '--quiet belongs on the command line'],
  ['verbose', '--verbose belongs on the command line'],
  ['dry-run', '--dry-run belongs on the command line'],
  ['list-targets', '--list-targets belongs on the command line'],
  ['json', '--json belongs on the command line'],
  ['help', '--help belongs on the command line'],
  ['version', '--version belongs on the command line'],
]);

/** Flags that are alternatives: setting one of them overrides the configuration of all. */
export const ALTERNATIVES: readonly (readonly (keyof Flags)[])[] = [
  ['output', 'svg', 'collapse'],
  ['profile', 'dev', 'asIs'],
  ['unwind', 'dwarf'],
];

export function flagKey(setting: FlagSpecification): keyof Flags {
  return camelCase(setting.name) as keyof Flags;
}

/** Paths relative to the configuration file; `-` is standard output. */
export function isPath(setting: FlagSpecification): boolean {
  return setting.value === 'FILE';
}
