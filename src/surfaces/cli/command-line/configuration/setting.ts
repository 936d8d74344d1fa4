import type { FlagSpecification } from '../flag-specification.js';
import { flagsOf } from '../flags.js';
import { FORMAT_FLAGS } from '../options/output-formats.js';
import { camelCase, type Flags } from '../parse-flags.js';

/**
 * The wrapper's flags that cannot be configured, with what to write instead. Verbosity is a choice for a single run: a file that made every run
 * quiet would hide what a run says about its own quality.
 */
export const COMMAND_LINE_ONLY: ReadonlyMap<string, string> = new Map([
  ['dev', 'profile = "dev"'],
  ['dwarf', 'unwind = "dwarf"'],
  ['format', 'the ending of a name tells the format, as in output = "out.svg"'],
  ['check-unwinding', '--check-unwinding belongs on the command line'],
  ['interval', '--interval belongs on the command line'],
  ['quiet', '--quiet belongs on the command line'],
  ['verbose', '--verbose belongs on the command line'],
  ['dry-run', '--dry-run belongs on the command line'],
  ['list-targets', '--list-targets belongs on the command line'],
  ['json', '--json belongs on the command line'],
  ['help', '--help belongs on the command line'],
  ['version', '--version belongs on the command line'],
]);

/** All others can be, by name. */
export const SETTINGS: ReadonlyMap<string, FlagSpecification> = new Map(
  flagsOf('cargo-profile-bee')
    .filter(({ name }) => !COMMAND_LINE_ONLY.has(name))
    .map((flag) => [flag.name, flag]),
);

/** Flags that are alternatives: setting one of them overrides the configuration of all. */
export const ALTERNATIVES: readonly (readonly (keyof Flags)[])[] = [
  ['output', ...FORMAT_FLAGS.map(({ flag }) => flag)],
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
