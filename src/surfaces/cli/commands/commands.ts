import { DEMANGLINGS } from '../../../ffi/symbolizer.js';
import { PRIVILEGE, PROFILER } from '../command-line/errors/exit-status.js';
import type { CommandName } from '../command-line/flag-specification.js';
import { USUAL_FREQUENCY_HZ } from '../command-line/options/limits.js';
import type { Command } from './command.js';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

const COMMANDS = [
  {
    word: 'record',
    describe: 'Profile any program or process: the command profile-bee',
    only: 'cargo-profile-bee',
  },
  {
    word: 'doctor',
    synopsis: '[--json]',
    describe: 'Check whether this machine allows profiling, and say how to change it',
    flags: [{ name: 'json', type: 'boolean', describe: 'Print the checks as JSON' }],
    load: async () => (await import('./doctor/doctor.js')).runDoctor,
    notes: [
      'If nothing stands in the way, doctor profiles a short program of its own: that is the check that counts.',
      `Exit code: 0 profiling works (warnings allowed), ${PRIVILEGE.code} privileges are missing, ${PROFILER.code} this machine cannot.`,
    ],
  },
  {
    word: 'setup',
    synopsis: '[FLAGS]',
    describe: 'Install the sampler once, with sudo: profiling then needs no password (setup --help)',
    flags: [
      {
        name: 'user',
        type: 'string',
        isRepeatable: true,
        value: 'NAME',
        describe: 'Allow this user (default: you, and those allowed before)',
      },
      {
        name: 'group',
        type: 'string',
        isRepeatable: true,
        value: 'NAME',
        describe: 'Allow every member of this group',
      },
      {
        name: 'kernel-frames',
        type: 'boolean',
        isNegatable: true,
        describe: 'Let them see kernel frames of their own programs, with kernel addresses',
      },
      {
        name: 'all-processes',
        type: 'boolean',
        isNegatable: true,
        describe: "Let them profile the processes of every user, root's included",
      },
      {
        name: 'max-frequency',
        type: 'string',
        value: 'HZ',
        describe: `Samples per second of one user, all runs together (default, or "usual": ${USUAL_FREQUENCY_HZ})`,
      },
      {
        name: 'max-memory',
        type: 'string',
        value: 'MB',
        describe:
          'Kernel memory of one user, all runs together (default, or "usual": an eighth of the machine\'s)',
      },
      { name: 'uninstall', type: 'boolean', describe: 'Remove every copy' },
      {
        name: 'status',
        type: 'boolean',
        describe: 'Show what is installed and who may use it; exit with 0 if you can',
      },
      { name: 'yes', alias: 'y', type: 'boolean', describe: 'Do not ask' },
    ],
    load: async () => (await import('./setup/set-up.js')).setUp,
    notes: [
      [
        'The installed copy belongs to root. Only the named users can start it; it then runs as the user who started it',
        "and profiles that user's own processes, nothing else. Root and sudo are not limited.",
      ].join('\n'),
    ],
  },
  {
    word: 'inspect',
    synopsis: 'WHAT',
    describe: 'Print what the profiler reads in an ELF file',
    only: 'profile-bee',
    subcommands: [
      {
        word: 'symbolize',
        synopsis: '[--demangle full|simple|none] ELF < ADDRESSES',
        describe: 'Print functions, inlined calls and lines at hexadecimal addresses, one address per line',
        operand: { name: 'file' },
        flags: [
          {
            name: 'demangle',
            type: 'string',
            value: 'HOW',
            choices: DEMANGLINGS,
            describe: 'full (default), simple or none',
          },
        ],
        load: async () => (await import('./inspect/symbolize.js')).printSymbols,
      },
      {
        word: 'unwind-table',
        synopsis: 'ELF',
        describe: 'Print the rows by which stacks are unwound: address, CFA, frame pointer, return address',
        operand: { name: 'file' },
        load: async () => (await import('./inspect/unwind-table.js')).printUnwindTable,
      },
    ],
  },
  {
    word: 'cache',
    synopsis: '[--status | --clear]',
    describe: 'Show or clear the symbol cache (cache --help)',
    flags: [
      {
        name: 'status',
        type: 'boolean',
        describe: 'Show where it is and how much room it takes (the default)',
      },
      { name: 'clear', type: 'boolean', describe: 'Remove everything in it' },
    ],
    load: async () => (await import('./symbol-cache/cache-command.js')).manageCache,
    notes: [
      [
        'The symbol cache keeps function names that earlier runs looked up, by build id. --symbol-cache MB limits its',
        'size, 0 turns it off; names that were not used for the longest time are evicted first.',
      ].join('\n'),
    ],
  },
  { word: 'help', describe: 'Show this help' },
  {
    word: 'completions',
    synopsis: 'SHELL',
    describe: 'Print the completions for bash, zsh or fish',
    operand: { name: 'shell', choices: SHELLS },
  },
  { word: 'man', describe: 'Print the manual page as roff; man -l - reads it' },
] as const satisfies readonly Command[];

/** The commands that the table does not load: profiling itself, and what prints the table. */
export type WordWithoutLoad = Exclude<
  (typeof COMMANDS)[number],
  { load: unknown } | { subcommands: unknown }
>['word'];

export function commandsOf(command: CommandName): Command[] {
  return (COMMANDS as readonly Command[]).filter(({ only }) => only === undefined || only === command);
}

/** The completion scripts use it to get names of the project; not for people. */
export const NAMES_WORD = '__complete';
