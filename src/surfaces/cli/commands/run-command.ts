import { nearestName } from '../../../cargo/command/nearest-name.js';
import { UsageError } from '../../../cargo/command/usage-error.js';
import { explain } from '../command-line/explain.js';
import type { CommandName } from '../command-line/flag-specification.js';
import { readFlags } from '../command-line/read-flags.js';
import { versionText } from '../command-line/version.js';
import { show } from '../terminal/print-text.js';
import { Terminal } from '../terminal/terminal.js';
import { type Command, type CommandLine, HELP_FLAG, type RunCommand, usageOf } from './command.js';
import { commandsOf, NAMES_WORD, type WordWithoutLoad } from './commands.js';

/**
 * What prints the table cannot be loaded by it, as the two would import each other. The compiler asks here for every
 * command that the table does not load; `record` and `help` are answered before.
 */
const DOCUMENTS: Readonly<Record<Exclude<WordWithoutLoad, 'record' | 'help'>, () => Promise<RunCommand>>> = {
  completions: async () => (await import('./print-document.js')).printCompletions,
  man: async () => (await import('./print-document.js')).printManual,
};

/**
 * Runs the command at the start of `argv`, or shows help or the version. Resolves with the exit code, or undefined if the
 * line asks for profiling. `invokedAs`: the words typed before the command.
 */
export async function runCommand(
  command: CommandName,
  argv: readonly string[],
  invokedAs: string,
): Promise<number | undefined> {
  const [word, ...args] = argv;
  try {
    if (word === NAMES_WORD) return await printNames(args);
    if (word === '--version' || word === '-V') return await show(versionText(command, invokedAs));
    if (word === '--help' || word === '-h' || word === 'help')
      return await show((await import('../command-line/help.js')).helpText(command, invokedAs));
    const found = commandsOf(command).find((known) => known.word === word);
    if (found === undefined || found.word === 'record') return undefined;
    if (args.includes('--help') || args.includes('-h'))
      return await show((await import('./command-help.js')).commandHelp(found, invokedAs));
    const { chosen, rest, before } = choose(found, args, invokedAs);
    const run = await (chosen.load ?? DOCUMENTS[chosen.word as keyof typeof DOCUMENTS])();
    return await run({ ...(await readLine(chosen, rest, before)), invokedAs, command });
  } catch (error) {
    return explain(error, new Terminal('normal')).code;
  }
}

async function printNames(args: readonly string[]): Promise<number> {
  return await (await import('../command-line/completions/print-names.js')).printNames(args);
}

interface Chosen {
  chosen: Command;
  rest: readonly string[];
  /** The words before its own word. */
  before: string;
}

function choose(command: Command, args: readonly string[], invokedAs: string): Chosen {
  const { word, subcommands } = command;
  if (subcommands === undefined) return { chosen: command, rest: args, before: invokedAs };
  const [typed, ...rest] = args;
  const before = `${invokedAs} ${word}`;
  const chosen = subcommands.find((known) => known.word === typed);
  if (chosen !== undefined) return { chosen, rest, before };
  const words = subcommands.map((known) => known.word);
  if (typed === undefined)
    throw new UsageError(`${word} needs one of ${words.join(', ')}`, `${before} --help`);
  throw new UsageError(
    `${word}: unknown command ${typed}; known: ${words.join(', ')}`,
    didYouMean(typed, words),
  );
}

/** Parses the flags and the operand of a command. Throws UsageError. */
async function readLine(
  command: Command,
  args: readonly string[],
  before: string,
): Promise<Pick<CommandLine, 'values' | 'operand'>> {
  const { word, flags = [], operand } = command;
  const read = await readFlags([...flags, HELP_FLAG], args, `${before} ${word} --help`);
  const [typed, ...more] = read.operands;
  const tooMuch = operand === undefined ? typed : more[0];
  const corrected = `${before} ${usageOf(command)}`;
  if (tooMuch !== undefined) throw new UsageError(`${word}: unexpected argument ${tooMuch}`, corrected);
  if (operand !== undefined) checkOperand(command, typed, corrected);
  return { values: read.values, operand: typed };
}

function checkOperand({ word, operand }: Command, typed: string | undefined, corrected: string): void {
  const { name, choices } = operand!;
  const known = choices === undefined ? '' : `: ${choices.join(', ')}`;
  if (typed === undefined || typed === '') throw new UsageError(`${word} needs a ${name}${known}`, corrected);
  if (choices === undefined || choices.includes(typed)) return;
  throw new UsageError(`${word}: unknown ${name} ${typed}; known${known}`, didYouMean(typed, choices));
}

function didYouMean(typed: string, words: readonly string[]): string {
  const nearest = nearestName(typed, words);
  return nearest === undefined ? '' : `did you mean ${nearest}?`;
}
