import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { RUN_PROBLEM_CODES } from '../../../../src/account/problems/problem-codes.js';
import { CAPTURE_ERROR_TEXTS } from '../../../../src/surfaces/cli/command-line/errors/capture-error-texts.js';
import { CAPTURE_PROBLEM_TEXTS } from '../../../../src/surfaces/cli/command-line/errors/capture-problems.js';
import { STATUS_OF_CAPTURE_ERROR } from '../../../../src/surfaces/cli/command-line/errors/exit-status.js';

/** The compiler holds each of these tables against the types: a code that is thrown or noted is in one of them. */
const ERRORS = Object.keys(CAPTURE_ERROR_TEXTS);
const PROBLEMS = [...RUN_PROBLEM_CODES, ...Object.keys(CAPTURE_PROBLEM_TEXTS)];

/** Cells of each row that begins with a code. */
const rows = [...readFileSync('docs/errors.md', 'utf8').matchAll(/^\| `([a-z0-9-]+)` \| (.*) \|$/gm)].map(
  ([, code, rest]) => ({ code: code!, cells: rest!.split(' | ') }),
);

test('docs/errors.md has each code once, and no other', () => {
  const documented = rows.map(({ code }) => code).sort();
  assert.deepEqual(documented, [...new Set([...ERRORS, ...PROBLEMS])].sort());
});

test('docs/errors.md: the exit code of each error is the one of the table', () => {
  for (const [code, status] of Object.entries(STATUS_OF_CAPTURE_ERROR)) {
    const row = rows.find((candidate) => candidate.code === code);
    assert.equal(row?.cells[1], String(status.code), code);
  }
});

test('docs/errors.md: every row says when, and what to do', () => {
  for (const { code, cells } of rows) {
    assert.ok(cells.length === 2 || cells.length === 3, `${code}: ${cells.length} cells`);
    assert.ok(
      cells.every((cell) => cell.length > 0),
      code,
    );
    assert.match(cells[0]!, /[.:]$/, code);
    assert.match(cells.at(-1)!, /\.$/, code);
  }
});

test('no code is in the list for nothing', () => {
  const folder = 'src';
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const files = names.filter((name) => name.endsWith('.ts') && !name.endsWith('problem-codes.ts'));
  const source = files.map((name) => readFileSync(join(folder, name), 'utf8')).join('\n');
  assert.deepEqual(
    RUN_PROBLEM_CODES.filter((code) => !source.includes(`'${code}'`)),
    [],
  );
});
