import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertChain } from '../results/assert-chain.js';
import { assertUnwoundWell } from '../results/assert-summary.js';
import { builtProgram } from '../running/fixture-programs.js';
import { needsRoot } from '../running/needs-root.js';
import { profileWith } from '../running/run-bee.js';

// The fixtures that call-chains.test.ts does not run, with a chain that only the right unwinding gives.
const cases: {
  program: string;
  args: string[];
  exitCode: number;
  chain: string[];
  atLeastPercent: number;
}[] = [
  {
    program: 'origins',
    args: ['--seconds', '2'],
    exitCode: 0,
    chain: ['origins::main', 'std_code'],
    atLeastPercent: 5,
  },
  {
    program: 'spin',
    args: ['--seconds', '2'],
    exitCode: 0,
    chain: ['spin::nest', 'spin_west'],
    atLeastPercent: 20,
  },
  {
    program: 'panics',
    args: ['--seconds', '1'],
    exitCode: 101,
    chain: ['panics::main', 'work_before_panic'],
    atLeastPercent: 50,
  },
  { program: 'corrupt', args: [], exitCode: 0, chain: ['corrupt::main', 'honest_work'], atLeastPercent: 90 },
  { program: 'pingpong', args: ['40000'], exitCode: 0, chain: ['pingpong::main'], atLeastPercent: 10 },
];

for (const { program, args, exitCode, chain, atLeastPercent } of cases) {
  test(`${program}: ≥ 99 % of stacks complete, ≥ 99 % of user frames by CFI`, needsRoot, async () => {
    const request = ['--frequency', '997', '--', builtProgram(program), ...args];
    const { summary, stacks } = await profileWith({ command: 'profile-bee', args: request }, exitCode);
    assert.ok(summary.samples.delivered >= 100, `${summary.samples.delivered} samples`);
    assertUnwoundWell(summary);
    assertChain(stacks, chain, atLeastPercent);
  });
}

test(
  'a broken ELF among the mappings is a warning, and the exit code stays the program’s',
  needsRoot,
  async () => {
    const args = ['--frequency', '997', '--', builtProgram('corrupt'), '--seconds', '0.5'];
    const { summary, stdout } = await profileWith({ command: 'profile-bee', args });
    assert.match(stdout, /rounds/);
    assert.equal(summary.exit.source, 'target');
    const seen = JSON.stringify(summary.problems);
    assert.ok(
      summary.problems.some(({ message }) => message.includes('broken-')),
      `no warning names the file: ${seen}`,
    );
  },
);
