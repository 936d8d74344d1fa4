import { usageOf } from '../commands/command.js';
import { commandsOf } from '../commands/commands.js';
import { COMMAND_PAGES, EXIT_CODES } from './command-page.js';
import type { CommandName, FlagSpecification } from './flag-specification.js';
import { flagsOf } from './flags.js';

/** The text of `--help`. `invokedAs`: the command as typed. */
export function helpText(command: CommandName, invokedAs: string = command): string {
  const asTyped = (line: string) => line.replace(/^profile-bee(?= )/, invokedAs);
  const { purpose, synopses, examples, notes } = COMMAND_PAGES[command];
  const others = commandsOf(command).map((other): Row => [usageOf(other), other.describe]);
  const codes = EXIT_CODES.map(({ code, says }) => `${code} ${says}`).join(', ');
  return [
    `${purpose}\n`,
    synopses.map((line, index) => `${index === 0 ? 'usage:' : '      '} ${asTyped(line)}\n`).join(''),
    `flags:\n${flagTable(flagsOf(command))}`,
    `other commands:\n${table(others)}`,
    `examples:\n${table(examples.map(({ line, says }) => [asTyped(line), says]))}`,
    `${notes.flat().join('\n')}\nThe exit code is the program's; ${codes}.\n`,
  ].join('\n');
}

/** One line per flag: spellings, value, description. */
export function flagTable(flags: readonly FlagSpecification[]): string {
  return table(flags.map((flag): Row => [spelling(flag), flag.describe]));
}

type Row = readonly [left: string, right: string | undefined];

/** Two columns; a line without a right column may be of any length. */
function table(rows: readonly Row[]): string {
  const width = Math.max(...rows.filter(([, right]) => right !== undefined).map(([left]) => left.length));
  return rows.map((row) => `  ${row[1] === undefined ? row[0] : twoColumns(row, width)}\n`).join('');
}

function twoColumns([left, right]: Row, width: number): string {
  return `${left.padEnd(width)}  ${right}`;
}

function spelling({ name, alias, value }: FlagSpecification): string {
  const short = alias === undefined ? '    ' : `-${alias}, `;
  return `${short}--${name}${value === undefined ? '' : ` ${value}`}`;
}
