import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** The file that a shell would start for `name`. */
export function findOnPath(name: string, path = process.env.PATH ?? '/bin:/usr/bin'): string | undefined {
  return path
    .split(delimiter)
    .map((directory) => join(directory || '.', name))
    .find(isExecutableFile);
}

function isExecutableFile(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
