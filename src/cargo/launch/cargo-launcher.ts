let launcher: readonly string[] = [];

/**
 * Puts a command in front of every cargo that builds or runs; it must exec the rest. For state that Node cannot pass to a
 * child: ignored signals.
 */
export function startCargoThrough(words: readonly string[]): void {
  launcher = words;
}

export function throughLauncher(command: readonly string[]): [program: string, ...args: string[]] {
  const [program = '', ...args] = [...launcher, ...command];
  return [program, ...args];
}
