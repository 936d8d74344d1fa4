import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertChain } from './assert-chain.js';
import { assertUnwoundWell } from './assert-summary.js';
import { builtProgram } from './fixture-programs.js';
import { needsRoot } from './needs-root.js';
import { profileWith } from './run-bee.js';

for (const parallel of ['1', '2']) {
  test(`200 children of a few ms each are kept, ${parallel} at a time`, needsRoot, async () => {
    const args = ['--frequency', '997', '--', builtProgram('children'), '--parallel', parallel];
    const { summary, stacks } = await profileWith({ command: 'profile-bee', args });
    const ratio = summary.samples.delivered / summary.samples.expected;
    assert.ok(ratio >= 0.95, `delivered/expected = ${ratio} (${JSON.stringify(summary.samples)})`);
    assert.ok(summary.samples.delivered >= 500, `${summary.samples.delivered} samples`);
    assertUnwoundWell(summary);
    assertChain(stacks, ['children::main', 'children::child_work'], 75);
  });
}
