import type { CommandName } from '../command-line/flags.js';
import { NAMES_WORD } from './commands.js';

/** Runs the command that `argv` begins with; resolves with the exit code, or undefined when there is none of that name. */
export async function runOtherCommand(
  command: CommandName,
  argv: readonly string[],
  invokedAs: string = command,
): Promise<number | undefined> {
  const [word, ...args] = argv;
  if (word === NAMES_WORD) {
    const { printNames } = await import('../command-line/completions/print-names.js');
    return await printNames(args);
  }
  if (word === 'setup') {
    const { setUp } = await import('./setup/set-up.js');
    return await setUp(args, command === 'profile-bee' ? command : 'cargo profile-bee');
  }
  if (word === 'cache') {
    const { manageCache } = await import('./symbol-cache/cache-command.js');
    return await manageCache(args, command === 'profile-bee' ? invokedAs : 'cargo profile-bee');
  }
  if (word === 'inspect' && command === 'profile-bee') {
    const { inspect } = await import('./inspect/inspect.js');
    return await inspect(args, invokedAs);
  }
  if (word !== 'completions' && word !== 'man') return undefined;
  const { printDocument } = await import('./print-document.js');
  return await printDocument(command, word, args);
}
