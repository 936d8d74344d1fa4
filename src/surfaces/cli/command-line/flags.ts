import { DEFAULT_EVENT, EVENT_SPELLINGS } from '../../../capture/events/events.js';
import { UNWINDERS } from '../../../ffi/sampler-messages.js';
import { DEMANGLINGS } from '../../../ffi/symbolizer.js';
import { GROUP_BY } from '../../../symbolize/grouping/grouping.js';
import {
  type CommandName,
  type FlagSpecification,
  type FlagSpellings,
  spellingsOf,
} from './flag-specification.js';
import {
  DEBUGINFOD_WAIT_SECONDS,
  DEFAULT_HZ,
  DEFAULT_SYMBOL_CACHE_MB,
  MAX_DEPTH,
  TABLE_MEMORY_MB,
} from './options/limits.js';
import { listed } from './options/one-of.js';
import { FORMAT_FLAGS, FORMAT_WORDS, OUTPUT_FORMATS } from './options/output-formats.js';

const EVENTS_WITH_DEFAULT = EVENT_SPELLINGS.map((event) =>
  event === DEFAULT_EVENT.spelling ? `${event} (default)` : event,
);
const FORMAT_NAMES = OUTPUT_FORMATS.map(({ name }) => name);
const USUAL_ENDINGS = OUTPUT_FORMATS.map(({ endings }) => endings[0]);

/** Every flag of the two commands, in the order of `--help`. */
export const FLAGS: readonly FlagSpecification[] = [
  {
    name: 'pid',
    alias: 'p',
    type: 'string',
    isRepeatable: true,
    value: 'PID',
    describe: 'Profile a running process and its children; for several: --pid 1,2, or repeat it',
    only: 'profile-bee',
  },
  {
    name: 'children',
    type: 'boolean',
    isNegatable: true,
    describe: 'With --pid, profile child processes too (default); --no-children: only the named processes',
    only: 'profile-bee',
  },
  {
    name: 'cmd',
    type: 'string',
    value: '"COMMAND"',
    describe: 'Run and profile a command given as one string',
    only: 'profile-bee',
  },
  {
    name: 'duration',
    alias: 'd',
    type: 'number',
    value: 'SECONDS',
    describe: 'Stop after this time; a command started by profile-bee gets SIGTERM',
    only: 'profile-bee',
  },
  {
    name: 'time',
    type: 'number',
    value: 'MS',
    describe: 'Like --duration, in milliseconds',
    only: 'profile-bee',
  },
  {
    name: 'folded',
    alias: 'f',
    type: 'boolean',
    describe: 'Write folded stacks to standard output (default without an output file)',
    only: 'profile-bee',
  },
  ...FORMAT_FLAGS.map(
    ({ flag, format }): FlagSpecification => ({
      name: flag,
      type: 'string',
      value: 'FILE',
      describe: `Write ${format.describe}`,
    }),
  ),
  {
    name: 'output',
    alias: 'o',
    type: 'string',
    isRepeatable: true,
    value: 'FILE',
    describe: `Write a file in the format of its ending: ${USUAL_ENDINGS.join(', ')}`,
  },
  {
    name: 'format',
    type: 'string',
    value: 'NAME',
    choices: FORMAT_WORDS,
    describe: `Format of -o - and of names without a known ending: ${FORMAT_NAMES.join(', ')}`,
  },
  {
    name: 'group-by',
    type: 'string',
    value: 'WHAT',
    choices: GROUP_BY,
    describe: 'Roots of the flamegraph: binary (default if several ran), process, thread, test or none',
  },
  { name: 'split', type: 'boolean', describe: 'Write one file per root: out.svg becomes out-ROOT.svg' },
  {
    name: 'interval',
    type: 'number',
    value: 'SECONDS',
    describe:
      'Write one file for each interval: out-%n.svg becomes out-00001.svg, …; %t is its time, %% a percent',
  },
  {
    name: 'summary-json',
    type: 'string',
    value: 'FILE',
    describe: 'Write the summary of the run (measurements, losses) as JSON',
  },
  {
    name: 'raw-samples',
    type: 'string',
    value: 'FILE',
    describe: 'Write stacks before symbolization, one JSON line each: module, offset and rule of each frame',
  },
  {
    name: 'require',
    type: 'string',
    isRepeatable: true,
    value: 'RULES',
    describe: 'Exit with 6 if a rule fails: complete>=99,symbolized>=95,guessed<=1,lost<=1',
  },
  {
    name: 'frequency',
    alias: 'F',
    aliasOnly: 'profile-bee',
    type: 'number',
    value: 'HZ',
    describe: `Samples per second of CPU time (default: ${DEFAULT_HZ['cargo-profile-bee']} with cargo, ${DEFAULT_HZ['profile-bee']} without)`,
  },
  {
    name: 'event',
    type: 'string',
    value: 'NAME',
    choices: EVENT_SPELLINGS,
    describe: `What triggers a sample: ${listed(EVENTS_WITH_DEFAULT)}`,
  },
  {
    name: 'unwind',
    type: 'string',
    value: 'HOW',
    choices: UNWINDERS,
    describe: 'Unwind with dwarf (default: unwind tables) or fp (frame pointers only)',
  },
  {
    name: 'max-depth',
    type: 'number',
    value: 'N',
    describe: `Keep this many innermost frames of a stack, 1 to ${MAX_DEPTH} (default: ${MAX_DEPTH})`,
  },
  {
    name: 'table-memory',
    type: 'number',
    value: 'MB',
    describe: `Memory limit for unwind tables, ${TABLE_MEMORY_MB.least}–${TABLE_MEMORY_MB.most} MB (default: ${TABLE_MEMORY_MB.usual}); tables of exited programs are evicted first`,
  },
  {
    name: 'demangle',
    type: 'string',
    value: 'HOW',
    choices: DEMANGLINGS,
    describe:
      'Show names in full (default), simple (no generic arguments or parameters) or none (linkage names)',
  },
  {
    name: 'debuginfod-wait',
    type: 'number',
    value: 'SECONDS',
    describe: `Wait this long after the run for debug files from DEBUGINFOD_URLS (default: ${DEBUGINFOD_WAIT_SECONDS.usual})`,
  },
  { name: 'dwarf', type: 'boolean', describe: 'Same as --unwind dwarf' },
  {
    name: 'check-unwinding',
    type: 'boolean',
    describe: 'Check every stack with a second unwinder; exit with 125 if one is wrong',
  },
  {
    name: 'dev',
    type: 'boolean',
    describe: "Derive the build from cargo's dev profile",
    only: 'cargo-profile-bee',
  },
  {
    name: 'profile',
    type: 'string',
    value: 'NAME',
    names: 'profile',
    describe: 'Derive the build from this cargo profile',
    only: 'cargo-profile-bee',
  },
  {
    name: 'as-is',
    type: 'boolean',
    describe: 'Build exactly what cargo would build, with or without debug information',
    only: 'cargo-profile-bee',
  },
  {
    name: 'profile-time',
    type: 'number',
    value: 'SECONDS',
    describe: 'Run criterion benchmarks for this time, without the analysis',
    only: 'cargo-profile-bee',
  },
  {
    name: 'dry-run',
    type: 'boolean',
    describe: 'Print the cargo commands that would run, ready to paste, and stop (--json: for scripts)',
    only: 'cargo-profile-bee',
  },
  {
    name: 'list-targets',
    type: 'boolean',
    describe: 'List what can be profiled here, and stop (--json: for scripts)',
    only: 'cargo-profile-bee',
  },
  {
    name: 'json',
    type: 'boolean',
    describe: 'With --dry-run or --list-targets, print JSON',
    only: 'cargo-profile-bee',
  },
  {
    name: 'symbol-cache',
    type: 'number',
    value: 'MB',
    describe: `Size limit of the symbol cache on disk, 0 turns it off (default: ${DEFAULT_SYMBOL_CACHE_MB})`,
  },
  {
    name: 'symbolize-at-exit',
    type: 'boolean',
    describe: 'Symbolize after the program has ended, not while it runs',
  },
  {
    name: 'open',
    type: 'boolean',
    isNegatable: true,
    describe: 'Open the flamegraph (default: if there is a terminal and a display); --no-open',
  },
  { name: 'quiet', type: 'boolean', describe: 'Print only errors' },
  { name: 'verbose', type: 'boolean', describe: 'Print what is being done' },
  { name: 'help', alias: 'h', type: 'boolean', describe: 'Show this help' },
  { name: 'version', type: 'boolean', describe: 'Show the version' },
];

export function flagsOf(command: CommandName): FlagSpecification[] {
  const flags = FLAGS.filter((flag) => flag.only === undefined || flag.only === command);
  return flags.map(({ alias, aliasOnly, ...flag }) =>
    alias === undefined || (aliasOnly !== undefined && aliasOnly !== command) ? flag : { ...flag, alias },
  );
}

/** All spellings of a command's flags. */
export function flagSpellings(command: CommandName): FlagSpellings {
  return spellingsOf(flagsOf(command));
}
