import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Summary } from '../results/summary.js';
import { needsRoot } from '../running/needs-root.js';
import { profileWith } from '../running/run-bee.js';
import { compiledFixture } from './unwinding-fixture.js';

/** Why a walk ends early | a program that makes it end so. Others: max-depth, thirty-two-bit; losses: accounting. */
const CAUSES: [cause: string, command: () => string[]][] = [
  ['noCfi', () => [compiledFixture('unknown-depth')]],
  ['noTable', () => [compiledFixture('generated-code'), 'uses']],
  ['readFault', () => [compiledFixture('unreadable-caller')]],
];

for (const [cause, command] of CAUSES)
  test(`${cause}: that and nothing else is what ends the walks`, needsRoot, async () => {
    const { user, incomplete } = await stacksOf(command());
    assert.ok(user > 50, `${user} stacks`);
    assert.ok(incomplete[cause]! >= 0.9 * user, JSON.stringify(incomplete));
    const others = Object.entries(incomplete).filter(([name]) => name !== cause && name !== 'exiting');
    for (const [name, count] of others) assert.ok(count <= 0.05 * user, `${name}: ${count} of ${user}`);
  });

test('exiting: threads in their exit are told apart, and every other stack is whole', needsRoot, async () => {
  const { user, complete, incomplete } = await stacksOf([compiledFixture('short-threads', '-pthread')]);
  assert.ok(incomplete.exiting! >= 10, JSON.stringify(incomplete));
  assert.ok(
    complete >= 0.98 * (user - incomplete.exiting!),
    `${complete} of ${user}, ${JSON.stringify(incomplete)}`,
  );
});

async function stacksOf(command: readonly string[]): Promise<Summary['stacks']> {
  const args = ['--frequency', '997', '--', ...command];
  const { summary } = await profileWith({ command: 'profile-bee', args });
  return summary.stacks;
}
