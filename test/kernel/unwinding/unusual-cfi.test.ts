import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertChain, chainPercent } from '../results/assert-chain.js';
import { physicalFrames, totalCount } from '../results/folded-stacks.js';
import { normalName } from '../results/frame-name.js';
import { needsRoot } from '../running/needs-root.js';
import { type ProfiledRun, profileWith, runBee } from '../running/run-bee.js';
import { checkedUnwinding } from './check-unwinding.js';
import { compiledFixture } from './unwinding-fixture.js';

const REGISTERS = ['rax', 'rcx', 'rdx', 'rsi', 'rdi', 'r8', 'r9', 'r10', 'r11', 'r12', 'r15'];
const OFTEN = ['--frequency', '997'];
const SWITCHES = ['by_frame_pointer', 'by_memory', 'first_of_coroutine'];

async function profile(...command: string[]): Promise<ProfiledRun> {
  return await profileWith({ command: 'profile-bee', args: [...OFTEN, '--', ...command] });
}

test('the CFA lies in any register, also while another function is called', needsRoot, async () => {
  const { stacks, summary } = await profile(compiledFixture('cfa-in-register', '-g'));
  const keepers = [...REGISTERS, 'rax_calling', 'r9_calling'].map((register) => `keeps_cfa_in_${register}`);
  for (const keeper of keepers) {
    const inside = stacks.filter(({ frames }) => frames.some((frame) => normalName(frame) === keeper));
    assert.ok(totalCount(inside) > 20, `${totalCount(inside)} samples in ${keeper}`);
    const callee = keeper.endsWith('_calling') ? ['leaves_registers_alone'] : [];
    assertChain(inside, ['_start', 'main', 'calls', keeper, ...callee], 95);
  }
  assertComplete({ summary });
});

test('stacks below and above one another are walked from each to the one before', needsRoot, async () => {
  const { stacks, summary } = await profile(compiledFixture('switched-stacks', '-g'));
  const spinning = stacks.filter((stack) => normalName(physicalFrames(stack).at(-1)!) === 'spin');
  assert.ok(totalCount(spinning) > 100, `${totalCount(spinning)} samples in spin`);
  const functions = ['on_first', 'on_second', 'on_third', 'on_fourth', 'on_fifth', 'on_sixth'];
  assertChain(spinning, ['_start', 'main', ...functions, 'spin'], 99);
  for (const name of SWITCHES) assertChain(spinning, [name, name, 'spin'], 99);
  // An address that no call has left behind is looked up as it is: one byte before stands another function.
  assert.equal(chainPercent(spinning, ['somebody_else']), 0);
  assertComplete({ summary });
});

test('a second unwinder agrees about stacks that are switched and CFAs in registers', needsRoot, async () => {
  for (const name of ['cfa-in-register', 'switched-stacks']) {
    const { checked, impossibleCallers, falseRoots } = await checkedUnwinding(
      [compiledFixture(name)],
      ...OFTEN,
    );
    assert.ok(checked > 100, `${checked} checked`);
    assert.deepEqual([impossibleCallers, falseRoots], [0, 0], name);
  }
});

test('a fiber whose first function cannot return ends at the zero below it', needsRoot, async () => {
  const { stacks, summary } = await profile(compiledFixture('fiber-with-a-zero', '-g'));
  const spinning = stacks.filter((stack) => normalName(physicalFrames(stack).at(-1)!) === 'spin');
  assert.ok(totalCount(spinning) > 100, `${totalCount(spinning)} samples in spin`);
  for (const stack of spinning)
    assert.deepEqual(physicalFrames(stack).map(normalName), ['first_of_fiber', 'works', 'spin']);
  assertComplete({ summary });
});

for (const what of ['zero', 'pointer']) {
  test(
    `a ${what} that is no return address is the end of a stack, which is incomplete`,
    needsRoot,
    async () => {
      const { stacks, summary } = await profile(compiledFixture('misleading-cfi'), what);
      const spinning = stacks.filter((stack) => physicalFrames(stack).at(-1) === `pushes_${what}`);
      assert.ok(totalCount(spinning) > 50, `${totalCount(spinning)} samples`);
      for (const stack of spinning) assert.equal(stack.frames[0], '[incomplete stack]');
      assert.ok(
        (summary.stacks.incomplete.noCfi ?? 0) >= totalCount(spinning),
        JSON.stringify(summary.stacks),
      );
    },
  );
}

for (const { what, field, code } of [
  { what: 'calls', field: 'impossibleCallers', code: 'impossible-callers' },
  { what: 'root', field: 'falseRoots', code: 'false-roots' },
] as const) {
  test(`--check-unwinding finds ${field} that both unwinders believe`, needsRoot, async () => {
    const args = ['--check-unwinding', ...OFTEN, '--', compiledFixture('misleading-cfi'), what];
    const run = await runBee({ command: 'profile-bee', outputs: 'summary', args });
    const check = run.summary!.unwindingCheck!;
    assert.equal(check.differing, 0, run.stderr);
    assert.ok(check[field] > 5 && check[field] >= 0.9 * check.checked, JSON.stringify(check));
    const codes = run.summary!.problems.map((problem) => problem.code);
    assert.ok(codes.includes(code) && codes.includes('unwinding-doubt'), codes.join(' '));
    assert.equal(run.code, 125);
  });
}

function assertComplete({ summary }: Pick<ProfiledRun, 'summary'>): void {
  const { complete, user, incomplete } = summary.stacks;
  assert.ok(complete >= 0.99 * (user - (incomplete.exiting ?? 0)), JSON.stringify(summary.stacks));
}
