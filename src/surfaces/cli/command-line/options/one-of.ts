import { UsageError } from '../../../../cargo/command/usage-error.js';

/** `flag` precedes the value in the error. Throws UsageError for a value that is not allowed. */
export function oneOf<T extends string>(flag: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((candidate) => candidate === value);
  if (found === undefined) throw new UsageError(`${flag} ${value}: choose ${listed(allowed)}`);
  return found;
}

/** `a, b or c`. */
export function listed(words: readonly string[]): string {
  return `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}
