import { parseArgs } from 'node:util';
import { systemErrorText } from '../../../../capture/machine/system-error-text.js';
import { UsageError } from '../../../../cargo/command/usage-error.js';
import { visibleText } from '../../../../render/visible-text.js';
import { symbolFolder } from '../../../../run/symbol-cache/cache-folder.js';
import { clearFiles, type StoredFiles, storedFiles } from '../../../../run/symbol-cache/stored-files.js';
import { explain } from '../../command-line/explain.js';
import { WriteFailure } from '../../outputs/write-failure.js';
import { printText } from '../../terminal/print-text.js';
import { Terminal } from '../../terminal/terminal.js';

const OPTIONS = {
  status: { type: 'boolean' },
  clear: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

const HELP = (name: string): string => `The names of functions that earlier runs have looked up, by build id.

usage: ${name} cache [--status | --clear]

flags:
      --status   Say where they are and how much room they take (the default)
      --clear    Remove them
  -h, --help     Show this help

--symbol-cache MB sets how much room they may take, 0 for none; what was of no use for the longest time goes first.
`;

/** The command `cache`; resolves with the exit code. `name`: the command before it, as it was typed. */
export async function manageCache(args: readonly string[], name: string): Promise<number> {
  try {
    await printText(answer(args, name));
    return 0;
  } catch (error) {
    return explain(error, new Terminal('normal')).code;
  }
}

function answer(args: readonly string[], name: string): string {
  const { help, status, clear } = parseOrExplain(args, name);
  if (help) return HELP(name);
  if (status && clear) throw new UsageError('cache: --status and --clear exclude each other');
  const folder = symbolFolder();
  if (folder === undefined) return 'this user has no cache folder of their own, so names are not kept\n';
  return clear
    ? `removed ${text(clearOrThrow(folder))} from ${visibleText(folder)}\n`
    : `${visibleText(folder)}: ${text(storedFiles(folder))}\n`;
}

/** Throws WriteFailure. */
function clearOrThrow(folder: string): StoredFiles {
  try {
    return clearFiles(folder);
  } catch (error) {
    throw new WriteFailure(folder, systemErrorText(error));
  }
}

function text({ count, bytes }: StoredFiles): string {
  return `${count} ${count === 1 ? 'file' : 'files'}, ${(bytes / 2 ** 20).toFixed(1)} MB`;
}

function parseOrExplain(args: readonly string[], name: string) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS }).values;
  } catch (error) {
    const [message] = (error instanceof Error ? error.message : String(error)).split('. ');
    throw new UsageError(`cache: ${message}`, `${name} cache --help   lists the flags`);
  }
}
