import type { UnwindingCheck } from '../capture/raw-profile.js';
import { formatCount, formatQuantity } from './format-count.js';
import type { ProblemCode } from './problems/problem-codes.js';
import type { Problem } from './problems/problem-list.js';
import type { Account } from './summary.js';

type Stacks = Pick<Account, 'unwindingCheck' | 'stacks'>;

/**
 * "25,012 stacks unwound a second time: 0 differ, 0 impossible callers, 0 false roots": the result of
 * --check-unwinding.
 */
export function unwindingLine(check: UnwindingCheck): string {
  const { checked, prefixOnly, differing, unchecked, impossibleCallers, falseRoots } = check;
  const verdict = [
    `${formatCount(differing)} ${differing === 1 ? 'differs' : 'differ'}`,
    formatQuantity(impossibleCallers, 'impossible caller'),
    formatQuantity(falseRoots, 'false root'),
  ];
  const parts = [`${formatQuantity(checked, 'stack')} unwound a second time: ${verdict.join(', ')}`];
  if (prefixOnly > 0)
    parts.push(`${formatCount(prefixOnly)} compared only within the copied 32 KiB of stack`);
  if (unchecked > 0)
    parts.push(`${formatCount(unchecked)} not compared, because they came too late or did not fit`);
  return parts.join(' · ');
}

/**
 * True if the check found something. The run then ends with 125: it was asked whether stacks are right, and some are
 * not.
 */
export function isUnwindingDoubtful({ unwindingCheck: check }: Pick<Stacks, 'unwindingCheck'>): boolean {
  return check !== undefined && (check.differing > 0 || hasImpossibleCallers(check) || check.falseRoots > 0);
}

/**
 * While a C++ exception is thrown, the unwinder puts the address of a landing pad in place of a return address, and no
 * call precedes that address: 3 of 57,232 stacks of a program that only throws. Below one in a thousand stacks, the
 * count is reported but is no verdict.
 */
function hasImpossibleCallers({ checked, impossibleCallers }: UnwindingCheck): boolean {
  return impossibleCallers > checked / 1000;
}

export function unwindingProblems({ unwindingCheck: check, stacks }: Stacks): Problem[] {
  if (check === undefined) return [];
  const { checked, differing, impossibleCallers, falseRoots } = check;
  const problems: Problem[] = [];
  const note = (code: ProblemCode, message: string) =>
    problems.push({ code, message: `${message}, ${REPORT}` });
  if (differing > 0) {
    const share = `${formatCount(differing)} of ${formatCount(checked)} stacks`;
    note('unwinders-differ', `the two unwinders disagree about ${share}: a bug`);
  }
  if (hasImpossibleCallers(check)) {
    const callers = formatQuantity(impossibleCallers, 'caller');
    note(
      'impossible-callers',
      `${callers} cannot be right: the return address does not follow a call instruction, so this frame and all further out are wrong`,
    );
  }
  if (falseRoots > 0) {
    const roots = formatQuantity(falseRoots, 'stack');
    note(
      'false-roots',
      `${roots} wrongly counted as complete: the outermost frame can return, so its callers are missing`,
    );
  }
  if (checked === 0 && stacks.user > 0 && problems.length === 0)
    problems.push({
      code: 'nothing-checked',
      message: 'no stack was unwound a second time: nothing was checked',
    });
  return problems;
}

const REPORT = 'please report it with the stacks on standard error';
