import assert from 'node:assert/strict';
import { test } from 'node:test';
import { qualityProblems } from '../../src/account/quality.js';
import type { Account } from '../../src/account/summary.js';
import { isUnwindingDoubtful, unwindingLine } from '../../src/account/unwinding-verdict.js';
import { emptyAccount } from './empty-account.js';

type Check = NonNullable<Account['unwindingCheck']>;

const CLEAN: Check = {
  checked: 25_012,
  prefixOnly: 0,
  differing: 0,
  differ: 0,
  unchecked: 0,
  impossibleCallers: 0,
  falseRoots: 0,
};

function checkedAccount(check: Partial<Check>): Account {
  const account = emptyAccount();
  account.samples = { fired: 5000, expected: 5000, delivered: 5000, unaccounted: 0, lost: {} };
  Object.assign(account.stacks, { user: 5000, complete: 5000 });
  account.unwindingCheck = { ...CLEAN, ...check };
  return account;
}

/** What was found | the codes of the problems | what they say */
const VERDICTS: [found: Partial<Check>, codes: string[], says: RegExp][] = [
  [{}, [], /^$/],
  [{ checked: 0 }, ['nothing-checked'], /nothing was checked/],
  [{ differing: 1, differ: 1 }, ['unwinders-differ'], /1 of 25,012 stacks.*please report it/],
  [{ impossibleCallers: 25 }, [], /^$/], // landing pads of exceptions
  [
    { impossibleCallers: 26 },
    ['impossible-callers'],
    /^26 callers .*does not follow a call.*please report it/,
  ],
  [{ falseRoots: 1 }, ['false-roots'], /^1 stack .*can return.*please report it/],
  [
    { differing: 3, differ: 3, impossibleCallers: 100, falseRoots: 1234 },
    ['unwinders-differ', 'impossible-callers', 'false-roots'],
    /1,234 stacks/,
  ],
];

for (const [found, codes, says] of VERDICTS) {
  test(`${JSON.stringify(found)}: ${codes.join(', ') || 'no problem'}`, () => {
    const account = checkedAccount(found);
    const problems = qualityProblems(account);
    assert.deepEqual(
      problems.map(({ code }) => code),
      codes,
    );
    assert.match(problems.map(({ message }) => message).join('\n'), says);
    const isFound = codes.length > 0 && !codes.includes('nothing-checked');
    assert.equal(isUnwindingDoubtful(account), isFound, 'ends with 125');
  });
}

test('without the check there is no verdict', () => {
  const account = checkedAccount({ falseRoots: 1 });
  delete account.unwindingCheck;
  assert.deepEqual(qualityProblems(account), []);
  assert.equal(isUnwindingDoubtful(account), false);
});

test('the line of a check says what was found, what was compared in part and what was left out', () => {
  const verdict = '25,012 stacks unwound a second time: 0 differ, 0 impossible callers, 0 false roots';
  assert.equal(unwindingLine(CLEAN), verdict);
  const line = unwindingLine({ ...CLEAN, prefixOnly: 108, unchecked: 3, differing: 1, falseRoots: 1 });
  assert.match(
    line,
    /: 1 differs, 0 impossible callers, 1 false root · 108 compared only within .* · 3 not compared, because they came too/,
  );
});
