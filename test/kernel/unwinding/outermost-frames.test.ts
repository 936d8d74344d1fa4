import assert from 'node:assert/strict';
import { test } from 'node:test';
import { physicalFrames, totalCount } from '../results/folded-stacks.js';
import { normalName } from '../results/frame-name.js';
import { needsRoot } from '../running/needs-root.js';
import { profileWith } from '../running/run-bee.js';
import { compiledFixture } from './unwinding-fixture.js';

const MAIN = '_start __libc_start_main __libc_start_call_main main middle spin';
const THREAD = 'clone3 start_thread in_a_thread spin';

for (const { what, name, flags, chain } of [
  { what: 'a dynamic program', name: 'call-chain', flags: [], chain: MAIN },
  { what: 'a static program', name: 'call-chain', flags: ['-static'], chain: MAIN },
  { what: 'a static program that lies anywhere', name: 'call-chain', flags: ['-static-pie'], chain: MAIN },
  { what: 'a thread', name: 'in-a-thread', flags: [], chain: THREAD },
  { what: 'a thread of a static program', name: 'in-a-thread', flags: ['-static-pie'], chain: THREAD },
]) {
  test(`${what} is unwound to its first frame`, needsRoot, async () => {
    const args = ['--frequency', '997', '--', compiledFixture(name, ...flags)];
    const { stacks, summary } = await profileWith({ command: 'profile-bee', args });
    const { complete, user, incomplete } = summary.stacks;
    assert.ok(
      user > 100 && complete >= 0.99 * (user - (incomplete.exiting ?? 0)),
      JSON.stringify(summary.stacks),
    );
    const chains = stacks.map((stack) => ({
      ...stack,
      chain: physicalFrames(stack).map(plainName).join(' '),
    }));
    const spinning = chains.filter((stack) => stack.chain.endsWith(' spin'));
    const others = spinning.filter((stack) => stack.chain !== chain);
    assert.ok(totalCount(spinning) > 100, `${totalCount(spinning)} samples in spin`);
    assert.ok(totalCount(others) <= 0.01 * totalCount(spinning), others[0]?.chain);
  });
}

/** Debug information and symbol tables name libc's functions differently: __libc_start_main_impl, __clone3. */
function plainName(frame: string): string {
  return normalName(frame)
    .replace(/_impl$/, '')
    .replace(/^_*(?=clone3$)/, '');
}
