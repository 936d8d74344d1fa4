import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

/** As cargo writes it into a target directory that it makes: backups and searches leave the folder out. */
const CACHE_TAG = 'Signature: 8a477f597d28d172789f06886806bc55\n# https://bford.info/cachedir/\n';

/**
 * Makes the folders of those files that go below cargo's target directory: in a fresh clone, where nothing has been built,
 * it is not there when outputs are reserved. A folder that cannot be made is told of when its file is reserved.
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
    // the reservation says what is wrong with the path
  }
}
