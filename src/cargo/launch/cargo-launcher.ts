let launcher: readonly string[] = [];

/**
 * A command that becomes the one behind it, put in front of every cargo that builds or runs. For what Node cannot hand
 * on to a child: signals that are ignored.
 */
export function startCargoThrough(words: readonly string[]): void {
  launcher = words;
}

export function throughLauncher(command: readonly string[]): [program: string, ...args: string[]] {
  const [program = '', ...args] = [...launcher, ...command];
  return [program, ...args];
}
