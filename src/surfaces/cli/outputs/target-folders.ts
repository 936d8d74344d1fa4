import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

/** Cargo writes this into a target directory that it creates: backups and searches skip the folder. */
const CACHE_TAG = 'Signature: 8a477f597d28d172789f06886806bc55\n# https://bford.info/cachedir/\n';

/**
 * Creates the folders of files inside cargo's target directory: in a fresh clone, it does not exist yet when outputs are
 * reserved. If a folder cannot be created, reserving its file reports that.
 */
export function makeTargetFolders(files: readonly (string | undefined)[], targetDirectory: string): void {
  const isBelow = (file: string) => !relative(targetDirectory, resolve(file)).startsWith('..');
  const folders = files.filter((file) => file !== undefined && isBelow(file)).map((file) => dirname(file!));
  if (folders.length === 0) return;
  try {
    if (!existsSync(targetDirectory)) {
      mkdirSync(targetDirectory, { recursive: true });
      writeFileSync(join(targetDirectory, 'CACHEDIR.TAG'), CACHE_TAG);
    }
    for (const folder of folders) mkdirSync(folder, { recursive: true });
  } catch {
    // reserving the file reports what is wrong
  }
}
