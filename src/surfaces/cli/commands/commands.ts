import type { CommandName } from '../command-line/flags.js';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

export const INSPECTIONS = ['symbolize', 'unwind-table'] as const;
export type InspectionWord = (typeof INSPECTIONS)[number];

/** What a command can do beside profiling; chosen by the first word. */
export interface OtherCommand {
  word: string;
  value?: string;
  describe: string;
  /** The words that may follow. */
  choices?: readonly string[];
  only?: CommandName;
}

const OTHER_COMMANDS: readonly OtherCommand[] = [
  {
    word: 'record',
    describe: 'Profile any program or process: the command profile-bee',
    only: 'cargo-profile-bee',
  },
  { word: 'doctor', describe: 'Check what this machine allows, and how to change it', choices: ['--json'] },
  {
    word: 'setup',
    value: '[FLAGS]',
    describe: 'Once, with sudo: from then on profiling needs no password (setup --help)',
  },
  {
    word: 'inspect',
    value: 'WHAT',
    describe: 'Print what the profiler reads in an ELF file',
    choices: INSPECTIONS,
    only: 'profile-bee',
  },
  {
    word: 'cache',
    value: '[FLAGS]',
    describe: 'Names that earlier runs have looked up: how many, and away with them (cache --help)',
    choices: ['--status', '--clear'],
  },
  { word: 'help', describe: 'Show this help' },
  {
    word: 'completions',
    value: 'SHELL',
    describe: 'Print the completions for bash, zsh or fish',
    choices: SHELLS,
  },
  { word: 'man', describe: 'Print the manual page as roff; man -l - reads it' },
];

export function otherCommandsOf(command: CommandName): OtherCommand[] {
  return OTHER_COMMANDS.filter(({ only }) => only === undefined || only === command);
}

/** The completion scripts ask it for names of the project; not for people. */
export const NAMES_WORD = '__complete';
