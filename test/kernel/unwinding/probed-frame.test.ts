import assert from 'node:assert/strict';
import { test } from 'node:test';
import { physicalFrames, totalCount } from '../results/folded-stacks.js';
import { needsRoot } from '../running/needs-root.js';
import { profileWith } from '../running/run-bee.js';
import { compiledRustFixture } from './unwinding-fixture.js';

test('stacks are whole while the pages of a large frame are probed', needsRoot, async () => {
  const args = ['--frequency', '997', '--', compiledRustFixture('probed-frame')];
  const { stacks, summary } = await profileWith({ command: 'profile-bee', args });
  const probing = stacks.filter((stack) => physicalFrames(stack).at(-1)!.endsWith('large_frame'));
  assert.ok(totalCount(probing) > 100, `${totalCount(probing)} samples in the large frame`);
  const { complete, user, incomplete } = summary.stacks;
  assert.ok(complete >= 0.99 * (user - (incomplete.exiting ?? 0)), JSON.stringify(summary.stacks));
});
