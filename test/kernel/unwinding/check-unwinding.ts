import assert from 'node:assert/strict';
import type { Summary } from '../results/summary.js';
import { runBee } from '../running/run-bee.js';

const NOTHING_FOUND = { differ: 0, differing: 0, falseRoots: 0 };

/** Profiles a command with --check-unwinding; what differs is on standard error, frame by frame. */
export async function checkedUnwinding(command: readonly string[], ...flags: string[]) {
  const args = ['--check-unwinding', ...flags, '--', ...command];
  const { code, stderr, summary } = await runBee({ command: 'profile-bee', outputs: 'summary', args });
  assert.equal(code, 0, `${command.join(' ')}: exit ${code}: ${stderr.slice(-3_000)}`);
  const check = summary?.unwindingCheck;
  assert.ok(check !== undefined, 'the summary says nothing of a check');
  const { differ, differing, impossibleCallers, falseRoots } = check;
  // An exception that is being thrown has the address of its landing pad on the stack.
  assert.ok(impossibleCallers <= check.checked / 1000, stderr);
  assert.deepEqual({ differ, differing, falseRoots }, NOTHING_FOUND, stderr);
  return { summary: summary as Summary, ...check };
}
