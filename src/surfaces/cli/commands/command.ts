import type { CommandName, FlagSpecification } from '../command-line/flag-specification.js';

/** A command beside profiling, chosen by the first word. Its help, its completions and its grammar come from here. */
export interface Command {
  word: string;
  /** What follows the word in a usage line. */
  synopsis?: string;
  /** One line, in the list of commands. */
  describe: string;
  flags?: readonly FlagSpecification[];
  /** The one word that follows. */
  operand?: { name: string; choices?: readonly string[] };
  /** The first word after `word` chooses one of them. */
  subcommands?: readonly Command[];
  /** Paragraphs of its own help, below the flags: lines that fit a terminal. */
  notes?: readonly string[];
  only?: CommandName;
}

/** What was typed after the command's word: values of flags by name, and the operand. */
export interface CommandLine {
  values: Record<string, unknown>;
  operand: string | undefined;
  /** The command before the word, as it was typed. */
  invokedAs: string;
  command: CommandName;
}

/** Resolves with the exit code; throws what `explain` understands. */
export type RunCommand = (line: CommandLine) => Promise<number>;

export const HELP_FLAG: FlagSpecification = {
  name: 'help',
  alias: 'h',
  type: 'boolean',
  describe: 'Show this help',
};

/** `inspect unwind-table ELF`: a line that is right. */
export function usageOf({ word, synopsis }: Command): string {
  return synopsis === undefined ? word : `${word} ${synopsis}`;
}
