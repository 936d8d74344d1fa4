import { completionScript } from '../command-line/completions/completion-script.js';
import { manPage } from '../command-line/manual/man-page.js';
import { printRaw } from '../terminal/print-text.js';
import type { CommandLine } from './command.js';
import type { Shell } from './commands.js';

/** `completions SHELL`. Throws WriteFailure. */
export async function printCompletions({ operand }: CommandLine): Promise<number> {
  await printRaw(completionScript(operand as Shell));
  return 0;
}

/** `man`. Throws WriteFailure. */
export async function printManual({ command }: CommandLine): Promise<number> {
  await printRaw(manPage(command));
  return 0;
}
