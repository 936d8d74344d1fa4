import type { CommandName, FlagSpecification } from '../command-line/flag-specification.js';

/**
 * A command other than profiling, chosen by the first word. Its help, completions, manual and grammar derive from this.
 */
export interface Command {
  word: string;
  /** The rest of the usage line. */
  synopsis?: string;
  /** One line, in the list of commands. */
  describe: string;
  flags?: readonly FlagSpecification[];
  /** The single positional argument. */
  operand?: { name: string; choices?: readonly string[] };
  /** Chosen by the first word after `word`. */
  subcommands?: readonly (Command & Required<Pick<Command, 'load'>>)[];
  /** Paragraphs of its help, below the flags; lines fit a terminal. */
  notes?: readonly string[];
  only?: CommandName;
  /** How it runs, loaded when it is asked for: `--help` and a run need no command's code. */
  load?: () => Promise<RunCommand>;
}

/** The parsed arguments: values of flags by name, and the operand. */
export interface CommandLine {
  values: Record<string, unknown>;
  operand: string | undefined;
  /** The words typed before the command's word. */
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

/** The correct usage, such as `inspect unwind-table ELF`. */
export function usageOf({ word, synopsis }: Command): string {
  return synopsis === undefined ? word : `${word} ${synopsis}`;
}
