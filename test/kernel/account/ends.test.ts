import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertChain } from '../results/assert-chain.js';
import { builtProgram, programsWorkspace } from '../running/fixture-programs.js';
import { needsRoot } from '../running/needs-root.js';
import { profileWith } from '../running/run-bee.js';

const cases = [
  { how: ['code', '0'], exitCode: 0 },
  { how: ['code', '3'], exitCode: 3 },
  { how: ['code', '77'], exitCode: 77 },
  { how: ['signal', '9'], exitCode: 137 },
  { how: ['signal', '15'], exitCode: 143 },
  { how: ['signal', '6'], exitCode: 134 },
  { how: ['now'], exitCode: 0 },
];

for (const { how, exitCode } of cases) {
  test(`exits ${how.join(' ')}: exit ${exitCode} and outputs, from both commands`, needsRoot, async () => {
    const args = ['--', '--release', '--bin', 'exits', '--', ...how];
    const wrapped = await profileWith(
      { command: 'cargo-profile-bee', args, cwd: programsWorkspace() },
      exitCode,
    );
    assert.equal(wrapped.summary.exit.source, 'target');
    const direct = await profileWith(
      { command: 'profile-bee', args: ['--', builtProgram('exits'), ...how] },
      exitCode,
    );
    assert.equal(direct.summary.exit.source, 'target');
  });
}

test(
  'a program that lives a millisecond gets outputs and a warning that the profile is thin',
  needsRoot,
  async () => {
    const { summary } = await profileWith({
      command: 'profile-bee',
      args: ['--', builtProgram('exits'), 'now'],
    });
    assert.ok(summary.samples.delivered < 100);
    assert.ok(summary.problems.length > 0, 'problems name the thin profile');
  },
);

test('a panic: 101, its message on stderr, and what ran before it in the profile', needsRoot, async () => {
  const args = ['--frequency', '997', '--', '--release', '--bin', 'panics'];
  const run = await profileWith({ command: 'cargo-profile-bee', args, cwd: programsWorkspace() }, 101);
  assert.match(run.stderr, /on purpose/);
  assert.equal(run.summary.exit.source, 'target');
  assertChain(run.stacks, ['panics::main', 'panics::work_before_panic'], 50);
});

test(
  'a failed --require rule exits 6 with a line per rule; a failing program keeps its own code',
  needsRoot,
  async () => {
    const withExit = (code: string, expected: number) =>
      profileWith(
        {
          command: 'profile-bee',
          args: ['--require', 'samples>=1000000,lost<=100', '--', builtProgram('exits'), 'code', code],
        },
        expected,
      );
    const failed = await withExit('0', 6);
    assert.equal(failed.summary.exit.source, 'require');
    assert.match(failed.stderr, /samples\s*>=\s*1000000/);
    assert.doesNotMatch(failed.stderr, /lost\s*<=\s*100/);
    assert.equal((await withExit('3', 3)).summary.exit.source, 'target');
  },
);
