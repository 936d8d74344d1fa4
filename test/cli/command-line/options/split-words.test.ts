import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { UsageError } from '../../../../src/cargo/command/usage-error.js';
import { splitWords } from '../../../../src/surfaces/cli/command-line/options/split-words.js';

/** Nothing in these lines is expanded by a shell, so that sh is the oracle. */
const LINES = [
  'one two',
  '  spaces   around\tand\nlines ',
  "'two words' plain",
  '"two words" "and \\"three\\" more"',
  'a\\ b c\\\\d',
  `it\\'s "it's" 'a "b"'`,
  `joined'single'"double"end`,
  `'' "" x`,
  '"back\\slash \\\\ \\a"',
  "'back\\slash'",
  'é "ü ö" 日本',
  '--flag="a value" --other=x',
];

for (const line of LINES) {
  test(`splits as sh does: ${JSON.stringify(line)}`, () => {
    assert.deepEqual(splitWords(line), wordsOfShell(line));
  });
}

function wordsOfShell(line: string): string[] {
  const script = `for word in ${line.replaceAll('\n', ' ')}; do printf '%s\\0' "$word"; done`;
  return execFileSync('sh', ['-c', script], { encoding: 'utf8' }).split('\0').slice(0, -1);
}

test('an unclosed quote is refused, with its place', () => {
  for (const line of [`a 'b`, `a "b\\"`]) {
    assert.throws(
      () => splitWords(line),
      (error) => error instanceof UsageError && /character 3/.test(error.message),
    );
  }
});
