import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertChain } from '../results/assert-chain.js';
import { assertUnwoundWell } from '../results/assert-summary.js';
import { totalCount } from '../results/folded-stacks.js';
import { isNamed } from '../results/frame-name.js';
import { assertSelfShares } from '../results/self-shares.js';
import { builtProgram } from '../running/fixture-programs.js';
import { needsRoot } from '../running/needs-root.js';
import { type ProfiledRun, profileWith } from '../running/run-bee.js';

async function profileProgram(name: string, programArguments: string[] = []): Promise<ProfiledRun> {
  const args = ['--frequency', '997', '--', builtProgram(name), ...programArguments];
  const run = await profileWith({ command: 'profile-bee', args });
  assert.ok(run.summary.samples.delivered >= 5_000, `${run.summary.samples.delivered} samples`);
  assertUnwoundWell(run.summary);
  return run;
}

test('server: chains through the workspace and its dependency, self shares 50/30/20', needsRoot, async () => {
  const { stacks } = await profileProgram('server');
  const request = ['server::main', 'server::serve', 'server::handle_request'];
  assertChain(stacks, [...request, 'server::parse', 'toolbox::tokenize'], 46);
  assertChain(stacks, [...request, 'server::hash', 'digest_dependency::digest'], 27);
  assertChain(stacks, [...request, 'server::render'], 17);
  assertSelfShares(
    stacks,
    { 'toolbox::tokenize': 50, 'digest_dependency::digest': 30, 'server::render': 20 },
    3,
  );
});

test('threads: each named thread has its chain and its share', needsRoot, async () => {
  const { stacks } = await profileProgram('threads', ['--rounds', '280']);
  const wanted = { alpha_work: 40, beta_work: 30, gamma_work: 20, delta_work: 10 };
  for (const [name, percent] of Object.entries(wanted))
    assertChain(stacks, ['__rust_begin_short_backtrace', `threads::${name}`], percent - 3);
  assertSelfShares(stacks, wanted, 3);
});

test(
  'inlining: chains of inlined functions under two physical ones, self shares 70/30',
  needsRoot,
  async () => {
    const { stacks, summary } = await profileProgram('inlining');
    const lower = ['fourth_level_[i]', 'fifth_level_[i]', 'sixth_level_[i]', 'work::units_[i]'];
    const upper = ['first_level_[i]', 'second_level_[i]', 'third_level_[i]'];
    assertChain(stacks, ['inlining::main', 'inlining::heavy', ...upper, ...lower], 65);
    assertChain(stacks, ['inlining::main', 'inlining::light', ...lower], 26);
    assertSelfShares(stacks, { 'inlining::heavy': 70, 'inlining::light': 30 }, 3);
    assert.ok(summary.frames.inlined > summary.samples.delivered, 'inlined frames are counted');
  },
);

test(
  'deep: every one of 900 recursive frames stands in the stack, from root to leaf',
  needsRoot,
  async () => {
    const { stacks, summary } = await profileProgram('deep');
    assertChain(stacks, ['deep::main', 'deep::descend', 'deep::bottom_first'], 72);
    assertSelfShares(stacks, { 'deep::bottom_first': 75, 'deep::bottom_second': 25 }, 3);
    const atBottom = stacks.filter(({ frames }) =>
      frames.some((frame) => /deep::bottom_(first|second)$/.test(frame)),
    );
    const whole = atBottom.filter(
      ({ frames }) => frames.filter((frame) => isNamed(frame, 'deep::descend')).length === 900,
    );
    // The first milliseconds, before the mappings are known, are unwound from a bounded copy: it may end earlier.
    const wholePercent = (100 * totalCount(whole)) / totalCount(atBottom);
    assert.ok(wholePercent >= 99.5, `${wholePercent} % of the stacks at the bottom have 900 descend frames`);
    assert.ok(totalCount(atBottom) >= 0.98 * summary.samples.delivered);
    assert.ok(summary.stacks.maxDepth >= 902, `maxDepth ${summary.stacks.maxDepth}`);
  },
);

test('dlopen: a library that was mapped while the program ran is unwound and named', needsRoot, async () => {
  const { stacks } = await profileProgram('dlopen');
  assertChain(stacks, ['dlopen::main', 'plugin_work', 'plugin::plugin_inner'], 54);
  assertChain(stacks, ['dlopen::main', 'dlopen::own_work'], 35);
  assertSelfShares(stacks, { 'plugin::plugin_inner': 60, 'dlopen::own_work': 40 }, 3);
});
