import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';
import type { Problem } from '../../../account/problems/problem-list.js';

/**
 * Variables and arguments that the program will see altered: Node decodes them, and bytes that are not UTF-8 become U+FFFD.
 * Passing them on unchanged would need our own launcher between Node and cargo.
 */
export function alteredTextProblems(): Problem[] {
  return toProblems(entriesOf('environ'), entriesOf('cmdline'));
}

/** Each entry as the bytes with which this process was started. */
export function toProblems(variables: readonly Buffer[], args: readonly Buffer[]): Problem[] {
  const altered = [
    ...variables.filter((entry) => !isUtf8(entry)).map((entry) => `the variable ${nameOf(entry)}`),
    ...args.filter((entry) => !isUtf8(entry)).map((entry) => `the argument ${entry}`),
  ];
  return altered.map((what) => ({
    code: 'not-utf8',
    message: `${what} is not UTF-8: the target sees U+FFFD in place of the invalid bytes`,
  }));
}

function nameOf(variable: Buffer): string {
  return variable.toString().split('=', 1)[0]!;
}

/** Empty without /proc. */
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
