import { UsageError } from '../../../../cargo/command/usage-error.js';

/** The one file that a subcommand takes. Throws UsageError. */
export function onlyFile(word: string, [path, ...more]: readonly string[], corrected: string): string {
  if (path === undefined || path === '') throw new UsageError(`inspect ${word}: which file?`, corrected);
  if (more.length > 0) throw new UsageError(`inspect ${word}: ${more[0]} is too much`, corrected);
  return path;
}
