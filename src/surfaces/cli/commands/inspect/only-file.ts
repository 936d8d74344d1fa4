import { UsageProblem } from '../../command-line/usage-problem.js';

/** The one file that a subcommand takes. Throws UsageProblem. */
export function onlyFile(word: string, [path, ...more]: readonly string[], corrected: string): string {
  if (path === undefined || path === '') throw new UsageProblem(`inspect ${word}: which file?`, corrected);
  if (more.length > 0) throw new UsageProblem(`inspect ${word}: ${more[0]} is too much`, corrected);
  return path;
}
