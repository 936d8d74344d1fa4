import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertChain } from '../results/assert-chain.js';
import { completePercent } from '../results/summary.js';
import { undisturbed } from '../results/undisturbed.js';
import { builtProgram } from '../running/fixture-programs.js';
import { needsRoot } from '../running/needs-root.js';
import { profileWith } from '../running/run-bee.js';

/** The shell's `times`: CPU time of its ended children, as the kernel accounts it, without the profiler. */
function childrenCpuSeconds(output: string): number {
  const [user, system] = output.trim().split('\n').at(-1)!.split(' ').map(seconds);
  return user! + system!;
}

function seconds(text: string): number {
  const [, minutes, rest] = /^(\d+)m([\d.]+)s$/.exec(text)!;
  return Number(minutes) * 60 + Number(rest);
}

for (const parallel of ['1', '2']) {
  test(`200 children of a few ms each are kept, ${parallel} at a time`, needsRoot, async () => {
    const script = `${builtProgram('children')} --parallel ${parallel}; times`;
    const args = ['--frequency', '997', '--', '/bin/sh', '-c', script];
    const { summary, stacks, stdout } = await undisturbed(
      () => profileWith({ command: 'profile-bee', args }),
      ({ summary: { samples } }) => samples.delivered < 0.95 * samples.expected,
    );
    const { delivered, expected } = summary.samples;
    const seen = JSON.stringify(summary.samples);
    assert.ok(delivered >= 500 && delivered >= 0.95 * expected, seen);
    const accounted = childrenCpuSeconds(stdout) * 997;
    assert.ok(expected >= 0.95 * accounted, `the kernel accounts for ${accounted} samples: ${seen}`);
    // Not by CFI in BPF alone: a process may be sampled before its mappings are known.
    const { cfi = 0, snapshot = 0 } = summary.frames.by;
    assert.ok(cfi + snapshot >= 0.99 * summary.frames.user, JSON.stringify(summary.frames.by));
    assert.ok(completePercent(summary) >= 99, JSON.stringify(summary.stacks));
    // The rest is exec, the loader and exit: how much depends on what else the machine does.
    assertChain(stacks, ['children::main', 'children::child_work'], 50);
  });
}
