import { relative } from 'node:path';
import { workingDirectory } from '../../../run/working-directory.js';

/** As a user would type it in the working directory. `path`: absolute. */
export function shownPath(path: string): string {
  const here = workingDirectory();
  const short = here === undefined ? path : relative(here, path);
  return short.startsWith('..') ? path : short;
}
