import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { isKernelFrame, readRawSamples } from '../account/raw-samples.js';
import { builtProgram } from '../running/fixture-programs.js';
import { needsRoot } from '../running/needs-root.js';
import { profileWith } from '../running/run-bee.js';
import { scratchDirectory } from '../running/scratch-directory.js';

/** The limit as typed, and how deep the recursion of the program goes. */
const LIMITS = [
  { flags: ['--max-depth', '64'], limit: 64, depth: 900 },
  { flags: ['--max-depth', '1'], limit: 1, depth: 20 },
  { flags: [], limit: 1024, depth: 1500 },
];

for (const { flags, limit, depth } of LIMITS) {
  test(`a stack is cut at ${limit} frames, marked and counted`, needsRoot, async () => {
    const path = join(scratchDirectory(), 'raw.ndjson');
    const program = [builtProgram('deep'), '--depth', String(depth), '--seconds', '1'];
    const args = [...flags, '--raw-samples', path, '--frequency', '997', '--', ...program];
    const { summary, stacks, svg } = await profileWith({ command: 'profile-bee', args });
    assert.equal(summary.stacks.maxDepth, limit);
    const cut = stacks.filter(({ frames }) => frames[0] === `[cut at ${limit} frames]`);
    const count = cut.reduce((sum, stack) => sum + stack.count, 0);
    assert.equal(count, summary.stacks.incomplete.depth);
    assert.ok(count > 0.9 * summary.samples.delivered, JSON.stringify(summary.stacks));
    assert.ok(svg.includes(`[cut at ${limit} frames]`));
    for (const { outcome, frames } of readRawSamples(path)) {
      const length = frames.filter((frame) => !isKernelFrame(frame)).length;
      assert.ok(outcome === 'depth' ? length === limit : length <= limit, `${outcome} with ${length} frames`);
    }
    const problem = summary.problems.find(({ code }) => code === 'incomplete-stacks');
    assert.match(problem?.message ?? '', new RegExp(`deeper than ${limit.toLocaleString('en-US')} frames`));
  });
}

test('a stack of as many frames as the limit is complete', needsRoot, async () => {
  const run = (flags: string[]) => {
    const program = [builtProgram('deep'), '--depth', '40', '--seconds', '0.6'];
    const args = [...flags, '--frequency', '997', '--', ...program];
    return profileWith({ command: 'profile-bee', args });
  };
  const { maxDepth } = (await run([])).summary.stacks;
  const { summary } = await run(['--max-depth', String(maxDepth)]);
  assert.equal(summary.stacks.incomplete.depth, 0, JSON.stringify(summary.stacks));
  const tighter = await run(['--max-depth', '44']);
  assert.ok(maxDepth > 44 && tighter.summary.stacks.incomplete.depth! > 0, `maxDepth ${maxDepth}`);
});
