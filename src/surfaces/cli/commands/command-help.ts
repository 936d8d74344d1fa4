import { flagTable } from '../command-line/help.js';
import { type Command, HELP_FLAG, usageOf } from './command.js';

/** The text of `COMMAND --help`. `invokedAs`: the words typed before the command. */
export function commandHelp(command: Command, invokedAs: string): string {
  const { describe, flags = [], subcommands = [], notes = [] } = command;
  const uses = subcommands.map(
    (one) => `  ${invokedAs} ${command.word} ${usageOf(one)}\n      ${one.describe}\n`,
  );
  return [
    `${describe.replace(/ \([a-z]+ --help\)$/, '')}.\n`,
    uses.length > 0 ? uses.join('') : `usage: ${invokedAs} ${usageOf(command)}\n`,
    `flags:\n${flagTable([...flags, HELP_FLAG])}`,
    ...notes.map((note) => `${note}\n`),
  ].join('\n');
}
