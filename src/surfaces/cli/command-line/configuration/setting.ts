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

/** The wrapper's flags that have a default in configuration, by name. */
export const SETTINGS: ReadonlyMap<string, FlagSpecification> = new Map(
  flagsOf('cargo-profile-bee')
    .filter(({ name }) => SETTING_NAMES.includes(name))
    .map((flag) => [flag.name, flag]),
);

/**
 * The wrapper's other flags, and what to write instead. How much is said is one person's wish for one run: a file that
 * made every run quiet would hide what a run has to say about its own quality.
 */
export const COMMAND_LINE_ONLY: ReadonlyMap<string, string> = new Map([
  ['dev', 'profile = "dev"'],
  ['dwarf', 'unwind = "dwarf"'],
  ['check-unwinding', '--check-unwinding stands on the command line'],
  ['quiet', '--quiet stands on the command line'],
  ['verbose', '--verbose stands on the command line'],
  ['dry-run', '--dry-run stands on the command line'],
  ['list-targets', '--list-targets stands on the command line'],
  ['json', '--json stands on the command line'],
  ['help', '--help stands on the command line'],
  ['version', '--version stands on the command line'],
]);

/** Flags that answer one question together: who gives one of them overrules what is configured for all of them. */
export const ALTERNATIVES: readonly (readonly (keyof Flags)[])[] = [
  ['output', 'svg', 'collapse'],
  ['profile', 'dev', 'asIs'],
  ['unwind', 'dwarf'],
];

/** The setting's key in `Flags`. */
export function flagKey(setting: FlagSpecification): keyof Flags {
  return camelCase(setting.name) as keyof Flags;
}

/** Files that are relative to the file that names them; `-` is standard output. */
export function isPath(setting: FlagSpecification): boolean {
  return setting.value === 'FILE';
}
