import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertChain } from '../results/assert-chain.js';
import { completePercent, symbolizedPercent } from '../results/summary.js';
import { needsRoot } from '../running/needs-root.js';
import { profileWith } from '../running/run-bee.js';
import { ripgrepSources } from './ripgrep-sources.js';

test('ripgrep over /usr through the whole wrapper: complete and named', needsRoot, async () => {
  const program = ['--count-matches', '--no-messages', '[a-z]+_(profile|sample)[a-z]*', '/usr'];
  const run = await profileWith({
    command: 'cargo-profile-bee',
    args: ['--', '--release', '--bin', 'rg', '--', ...program],
    cwd: ripgrepSources(),
    timeoutMs: 600_000,
  });
  const { summary } = run;
  assert.ok(summary.samples.delivered >= 500, `${summary.samples.delivered} samples`);
  assert.ok(completePercent(summary) >= 99, JSON.stringify(summary.stacks));
  assert.ok(symbolizedPercent(summary) >= 95, JSON.stringify(summary.frames));
  assertChain(run.stacks, ['ignore::walk::Worker::run'], 50);
  assert.ok(run.stdout.split('\n').length > 10, 'its output is its own');
});
