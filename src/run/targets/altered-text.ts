import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';
import type { Problem } from '../../account/problem-list.js';

/**
 * What the program will see altered: Node decodes its variables and arguments, and bytes that are not UTF-8 come out as
 * U+FFFD. Passing them on would need a launcher of our own between Node and cargo.
 */
export function alteredTextProblems(): Problem[] {
  return toProblems(entriesOf('environ'), entriesOf('cmdline'));
}

/** Each entry as the bytes that this process was started with. */
export function toProblems(variables: readonly Buffer[], args: readonly Buffer[]): Problem[] {
  const altered = [
    ...variables.filter((entry) => !isUtf8(entry)).map((entry) => `the variable ${nameOf(entry)}`),
    ...args.filter((entry) => !isUtf8(entry)).map((entry) => `the argument ${entry}`),
  ];
  return altered.map((what) => ({
    code: 'not-utf8',
    message: `${what} is not UTF-8: the program sees it with U+FFFD in place of the other bytes`,
  }));
}

function nameOf(variable: Buffer): string {
  return variable.toString().split('=', 1)[0]!;
}

/** Empty where there is no /proc. */
function entriesOf(file: 'environ' | 'cmdline'): Buffer[] {
  try {
    const entries: Buffer[] = [];
    let rest = readFileSync(`/proc/self/${file}`);
    for (let end = rest.indexOf(0); end >= 0; end = rest.indexOf(0)) {
      entries.push(rest.subarray(0, end));
      rest = rest.subarray(end + 1);
    }
    return entries;
  } catch {
    return [];
  }
}
