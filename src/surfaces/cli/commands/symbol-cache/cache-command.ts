import { UsageError } from '../../../../cargo/command/usage-error.js';
import { visibleText } from '../../../../render/visible-text.js';
import { symbolCacheFolder } from '../../../../run/symbol-cache/cache-folder.js';
import {
  type CachedFiles,
  cachedFiles,
  clearCachedFiles,
} from '../../../../run/symbol-cache/cached-files.js';
import { systemErrorText } from '../../command-line/errors/phrases/system-error-text.js';
import { WriteFailure } from '../../outputs/write-failure.js';
import { printText } from '../../terminal/print-text.js';
import type { CommandLine } from '../command.js';

/** The command `cache`. Throws UsageError, WriteFailure. */
export async function manageCache({ values }: CommandLine): Promise<number> {
  await printText(answer(values));
  return 0;
}

function answer({ status, clear }: { status?: boolean; clear?: boolean }): string {
  if (status && clear) throw new UsageError('cache: --status and --clear exclude each other');
  const folder = symbolCacheFolder();
  if (folder === undefined) return 'there is no symbol cache: this user has no cache folder of their own\n';
  return clear
    ? `removed ${text(clearOrThrow(folder))} from ${visibleText(folder)}\n`
    : `${visibleText(folder)}: ${text(cachedFiles(folder))}\n`;
}

/** Throws WriteFailure. */
function clearOrThrow(folder: string): CachedFiles {
  try {
    return clearCachedFiles(folder);
  } catch (error) {
    throw new WriteFailure(folder, systemErrorText(error));
  }
}

function text({ count, bytes }: CachedFiles): string {
  return `${count} ${count === 1 ? 'file' : 'files'}, ${(bytes / 2 ** 20).toFixed(1)} MB`;
}
