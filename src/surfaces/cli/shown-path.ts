import { relative } from 'node:path';

/** As a person would type it from here. `path`: absolute. */
export function shownPath(path: string): string {
  const short = relative(process.cwd(), path);
  return short.startsWith('..') ? path : short;
}
