import { DEMANGLINGS } from '../../../ffi/symbolizer.js';
import { GROUP_BY } from '../../../symbolize/grouping/grouping.js';
import {
  type CommandName,
  type FlagSpecification,
  type FlagSpellings,
  spellingsOf,
} from './flag-specification.js';

export const EVENTS = ['cpu-clock', 'cycles'] as const;
export const UNWINDERS = ['dwarf', 'fp'] as const;
/** What the kernel program has room for: BEE_MAX_USER_FRAMES of bpf/record.h. */
export const MAX_DEPTH = 1024;
/** In MiB. Usual: ten million rows, those of eight compilers; the kernel gives all of it at once. */
export const TABLE_MEMORY_MB = { least: 2, usual: 40, most: 1024 } as const;

/** The names of a hundred programs of ripgrep's size. */
export const DEFAULT_SYMBOL_CACHE_MB = 256;

/** Every flag of the two commands, in the order of `--help`. */
export const FLAGS: readonly FlagSpecification[] = [
  {
    name: 'pid',
    alias: 'p',
    type: 'string',
    isRepeatable: true,
    value: 'PID',
    describe:
      'Profile a running process, its children and those that it starts; several: --pid 1,2 or repeated',
    only: 'profile-bee',
  },
  {
    name: 'children',
    type: 'boolean',
    isNegatable: true,
    describe: 'With --pid: child processes too (default); --no-children: only the named processes',
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
    describe: 'Stop after this time; a command that we started is then ended',
    only: 'profile-bee',
  },
  { name: 'time', type: 'number', value: 'MS', describe: 'The same in milliseconds', only: 'profile-bee' },
  {
    name: 'folded',
    alias: 'f',
    type: 'boolean',
    describe: 'Folded stacks on standard output (the default without an output file)',
    only: 'profile-bee',
  },
  { name: 'svg', type: 'string', value: 'FILE', describe: 'Write a flamegraph' },
  { name: 'collapse', type: 'string', value: 'FILE', describe: 'Write folded stacks' },
  {
    name: 'output',
    alias: 'o',
    type: 'string',
    isRepeatable: true,
    value: 'FILE',
    describe: 'Write a file; its name tells the format (.svg, .folded)',
  },
  {
    name: 'group-by',
    type: 'string',
    value: 'WHAT',
    choices: GROUP_BY,
    describe:
      'Roots of the picture: binary, process, thread, test or none (default: binary, if several ran; process for several --pid)',
  },
  { name: 'split', type: 'boolean', describe: 'Write a file for each root: out.svg becomes out-ROOT.svg' },
  {
    name: 'summary-json',
    type: 'string',
    value: 'FILE',
    describe: 'Write what was measured and lost, for scripts',
  },
  {
    name: 'raw-samples',
    type: 'string',
    value: 'FILE',
    describe: 'Write every stack before it gets names: a line of JSON each, with module, offset and rule',
  },
  {
    name: 'require',
    type: 'string',
    isRepeatable: true,
    value: 'RULES',
    describe: 'Exit with 6 when a rule fails: complete>=99,symbolized>=95,guessed<=1,lost<=1',
  },
  {
    name: 'frequency',
    alias: 'F',
    aliasOnly: 'profile-bee',
    type: 'number',
    value: 'HZ',
    describe: 'Samples per second of CPU time',
  },
  {
    name: 'event',
    type: 'string',
    value: 'NAME',
    choices: EVENTS,
    describe: 'cpu-clock (default) or cycles',
  },
  {
    name: 'unwind',
    type: 'string',
    value: 'HOW',
    choices: UNWINDERS,
    describe: 'dwarf (default) or fp (frame pointers only)',
  },
  {
    name: 'max-depth',
    type: 'number',
    value: 'N',
    describe: `Frames of a program's stack, the innermost ones, before it is cut: 1 to ${MAX_DEPTH} (default)`,
  },
  {
    name: 'table-memory',
    type: 'number',
    value: 'MB',
    describe: `Most memory for unwind tables, ${TABLE_MEMORY_MB.least} to ${TABLE_MEMORY_MB.most} (default: ${TABLE_MEMORY_MB.usual}); those of ended programs make room`,
  },
  {
    name: 'demangle',
    type: 'string',
    value: 'HOW',
    choices: DEMANGLINGS,
    describe:
      'Names: full (default), simple (without generic arguments and parameters) or none (linkage names)',
  },
  {
    name: 'debuginfod-wait',
    type: 'number',
    value: 'SECONDS',
    describe: 'How long the picture waits for debug files of DEBUGINFOD_URLS after the run (default: 2)',
  },
  { name: 'dwarf', type: 'boolean', describe: 'The same as --unwind dwarf' },
  {
    name: 'check-unwinding',
    type: 'boolean',
    describe:
      'Unwind every stack a second time, by another program; exit with 125 where the two differ or a frame cannot be right',
  },
  {
    name: 'dev',
    type: 'boolean',
    describe: "Derive the build from the 'dev' profile",
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
    describe: 'Build exactly what cargo would, with its debug information or without',
    only: 'cargo-profile-bee',
  },
  {
    name: 'profile-time',
    type: 'number',
    value: 'SECONDS',
    describe: 'Benches of criterion: measure for this time, without the analysis that follows',
    only: 'cargo-profile-bee',
  },
  {
    name: 'dry-run',
    type: 'boolean',
    describe: 'Print the lines of cargo that would be run, ready to paste, and stop (--json: for machines)',
    only: 'cargo-profile-bee',
  },
  {
    name: 'list-targets',
    type: 'boolean',
    describe: 'List what can be profiled here, and stop (--json: for machines)',
    only: 'cargo-profile-bee',
  },
  {
    name: 'json',
    type: 'boolean',
    describe: 'Print what --dry-run and --list-targets print as JSON',
    only: 'cargo-profile-bee',
  },
  {
    name: 'symbol-cache',
    type: 'number',
    value: 'MB',
    describe: `Room for the names of earlier runs on disk, 0 for none (default: ${DEFAULT_SYMBOL_CACHE_MB})`,
  },
  {
    name: 'symbolize-at-exit',
    type: 'boolean',
    describe: 'Name frames when the program has ended, and not already while it runs',
  },
  {
    name: 'open',
    type: 'boolean',
    isNegatable: true,
    describe: 'Open the flamegraph (default: where there is a terminal and a display); --no-open',
  },
  { name: 'quiet', type: 'boolean', describe: 'Only errors on standard error' },
  { name: 'verbose', type: 'boolean', describe: 'Say what is being done' },
  { name: 'help', alias: 'h', type: 'boolean', describe: 'Show this help' },
  { name: 'version', type: 'boolean', describe: 'Show the version' },
];

export function flagsOf(command: CommandName): FlagSpecification[] {
  const flags = FLAGS.filter((flag) => flag.only === undefined || flag.only === command);
  return flags.map(({ alias, aliasOnly, ...flag }) =>
    alias === undefined || (aliasOnly !== undefined && aliasOnly !== command) ? flag : { ...flag, alias },
  );
}

/** How the flags of a command may be spelled. */
export function flagSpellings(command: CommandName): FlagSpellings {
  return spellingsOf(flagsOf(command));
}
