import { nearestName } from '../../../cargo/command/nearest-name.js';
import { UsageError } from '../../../cargo/command/usage-error.js';
import { completionScript } from '../command-line/completions/completion-script.js';
import { explain } from '../command-line/explain.js';
import type { CommandName } from '../command-line/flags.js';
import { manPage } from '../command-line/manual/man-page.js';
import { printRaw } from '../terminal/print-text.js';
import { Terminal } from '../terminal/terminal.js';
import { SHELLS, type Shell } from './commands.js';

/** `completions SHELL` and `man`; resolves with the exit code. */
export async function printDocument(
  command: CommandName,
  word: 'completions' | 'man',
  args: readonly string[],
): Promise<number> {
  try {
    const text = word === 'man' ? manOf(command, args) : completionScript(shellOf(command, args));
    await printRaw(text);
    return 0;
  } catch (error) {
    return explain(error, new Terminal('normal')).code;
  }
}

function manOf(command: CommandName, args: readonly string[]): string {
  if (args.length > 0) throw new UsageError(`man: ${args[0]} is too much`, `${command} man | man -l -`);
  return manPage(command);
}

function shellOf(command: CommandName, [name, ...more]: readonly string[]): Shell {
  const known = SHELLS.join(', ');
  if (name === undefined)
    throw new UsageError(`completions: for which shell? ${known}`, `${command} completions bash`);
  if (more.length > 0)
    throw new UsageError(`completions: ${more[0]} is too much`, `${command} completions ${name}`);
  const shell = SHELLS.find((candidate) => candidate === name);
  if (shell !== undefined) return shell;
  const nearest = nearestName(name, SHELLS);
  throw new UsageError(
    `completions: there are none for ${name}; known shells: ${known}`,
    nearest === undefined ? '' : `did you mean ${nearest}?`,
  );
}
