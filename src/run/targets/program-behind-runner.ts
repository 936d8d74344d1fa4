import { resolve } from 'node:path';

/**
 * Which word of a command is the program if a runner of the user may precede it: the first that is one of `programs`
 * (absolute paths); `target` is its index there. Undefined if none is.
 */
export function programBehindRunner(
  argv: readonly string[],
  cwd: string,
  programs: readonly string[],
): { word: number; target: number } | undefined {
  const targets = argv.map((text) => programs.indexOf(resolve(cwd, text)));
  const word = targets.findIndex((target) => target >= 0);
  return word < 0 ? undefined : { word, target: targets[word]! };
}
