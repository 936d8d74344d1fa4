import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertChain, chainPercent } from '../results/assert-chain.js';
import { assertUnwoundWell } from '../results/assert-summary.js';
import { cfiPercent } from '../results/summary.js';
import { undisturbed } from '../results/undisturbed.js';
import { builtProgram, strippedProgram } from '../running/fixture-programs.js';
import { needsRoot } from '../running/needs-root.js';
import { profileWith } from '../running/run-bee.js';

const parseChain = [
  'server::main',
  'server::serve',
  'server::handle_request',
  'server::parse',
  'toolbox::tokenize',
];

test(
  '--unwind fp breaks the chains of a binary without frame pointers, DWARF finds them',
  needsRoot,
  async () => {
    const run = (mode: string) =>
      profileWith({
        command: 'profile-bee',
        args: ['--frequency', '997', '--unwind', mode, '--', builtProgram('server'), '--seconds', '2'],
      });
    const dwarf = await run('dwarf');
    assert.equal(dwarf.summary.unwinder, 'dwarf');
    // Of two seconds only: the share itself is asked of a longer run in call-chains.
    assertChain(dwarf.stacks, parseChain, 40);
    const framePointers = await run('fp');
    assert.equal(framePointers.summary.unwinder, 'fp');
    // Hardly any function of this program proves that it keeps a frame pointer, so that its callers are guesses.
    const { stacks, frames } = framePointers.summary;
    assert.ok(frames.by.framePointer! + frames.by.guessed! >= stacks.user);
    // A table says which frame is the outermost (the loader's first samples reach it), and never leads to a caller.
    const ended = stacks.complete + stacks.incomplete.noTable!;
    assert.ok(frames.by.cfi! <= ended, `${frames.by.cfi} frames by CFI in ${ended} stacks`);
    const percent = chainPercent(framePointers.stacks, parseChain);
    assert.ok(
      percent < 5,
      `frame pointers alone found the chain in ${percent} %: this test cannot tell the two`,
    );
  },
);

test('stripped binaries are unwound as completely as unstripped ones', needsRoot, async () => {
  for (const name of ['server', 'deep', 'threads']) {
    const rounds = name === 'threads' ? ['--rounds', '80'] : ['--seconds', '2'];
    const args = ['--frequency', '997', '--', strippedProgram(name), ...rounds];
    // On a busy machine the first tables take longer, and more frames come from snapshots (98.97 % by CFI once).
    const { summary } = await undisturbed(
      () => profileWith({ command: 'profile-bee', args }),
      (run) => cfiPercent(run.summary) < 99,
    );
    assert.ok(summary.samples.delivered >= 1_000, `${name}: ${summary.samples.delivered} samples`);
    assertUnwoundWell(summary);
    if (name === 'deep') assert.ok(summary.stacks.maxDepth >= 902, `maxDepth ${summary.stacks.maxDepth}`);
  }
});
