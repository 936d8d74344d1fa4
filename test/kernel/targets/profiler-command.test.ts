import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { assertChain } from '../results/assert-chain.js';
import { assertUnwoundWell } from '../results/assert-summary.js';
import { parseFolded, totalCount } from '../results/folded-stacks.js';
import { builtProgram } from '../running/fixture-programs.js';
import { needsRoot } from '../running/needs-root.js';
import { asWhoRuns } from '../running/run-as-user.js';
import { profileWith, runBee } from '../running/run-bee.js';

test(
  'profile-bee without output flags writes folded stacks, and nothing else, to stdout',
  needsRoot,
  async () => {
    const quiet = `exec ${builtProgram('server')} --seconds 1 > /dev/null`;
    const args = ['-F', '997', '--', '/bin/sh', '-c', quiet];
    const run = await runBee({ command: 'profile-bee', args, outputs: 'summary' });
    assert.equal(run.code, 0, run.stderr);
    const stacks = parseFolded(run.stdout);
    assert.equal(totalCount(stacks), run.summary?.samples.delivered);
    assertChain(stacks, ['server::handle_request', 'server::parse', 'toolbox::tokenize'], 40);
  },
);

test('profile-bee -- COMMAND samples at 99 Hz unless told otherwise', needsRoot, async () => {
  const args = ['--', builtProgram('server'), '--seconds', '2'];
  const { summary } = await profileWith({ command: 'profile-bee', args });
  assert.equal(summary.event.frequencyHz, 99);
  assert.ok(summary.samples.fired > 150 && summary.samples.fired < 230, `${summary.samples.fired} fired`);
});

test('--cmd keeps quoted arguments whole', needsRoot, async () => {
  const command = `${builtProgram('echo')} 'two words' "and \\"three\\" more" plain\\ escaped ''`;
  const run = await profileWith({ command: 'profile-bee', args: ['--cmd', command] });
  const expected = 'arguments: ["two words", "and \\"three\\" more", "plain escaped", ""]\n';
  assert.ok(run.stdout.startsWith(expected), run.stdout.slice(0, 300));
});

test('the command keeps its stdin, stdout and stderr', needsRoot, async () => {
  const args = ['--', builtProgram('echo'), 'one'];
  const run = await profileWith({ command: 'profile-bee', args, input: 'typed in' });
  assert.match(run.stdout, /^arguments: \["one"\]\n/);
  assert.match(run.stdout, /^input: "typed in"$/m);
  assert.match(run.stderr, /a line for stderr/);
});

async function withSpinning<T>(use: (child: ChildProcess) => Promise<T>): Promise<T> {
  const child = spawn(...asWhoRuns(builtProgram('spin'), ['--seconds', '60']), { stdio: 'ignore' });
  try {
    await sleep(300);
    return await use(child);
  } finally {
    child.kill('SIGKILL');
  }
}

for (const limit of [
  ['-d', '3'],
  ['--time', '3000'],
]) {
  test(
    `--pid with ${limit.join(' ')}: a running process is sampled that long, and left alive`,
    needsRoot,
    async () => {
      await withSpinning(async (child) => {
        const args = ['--pid', String(child.pid), ...limit, '-F', '997'];
        const run = await profileWith({ command: 'profile-bee', args });
        assert.equal(child.exitCode, null, 'the process goes on');
        const { delivered, expected } = run.summary.samples;
        assert.ok(delivered > 1_500 && delivered < 3_600, `${delivered} samples`);
        assert.ok(Math.abs(delivered / expected - 1) < 0.05, `${delivered} of ${expected}`);
        assertUnwoundWell(run.summary);
        assertChain(run.stacks, ['spin::main', 'spin::nest', 'spin_west'], 20);
      });
    },
  );
}

test('--pid ends when the process ends', needsRoot, async () => {
  const child = spawn(...asWhoRuns(builtProgram('spin'), ['--seconds', '4']), { stdio: 'ignore' });
  const run = await profileWith({
    command: 'profile-bee',
    args: ['-p', String(child.pid), '-d', '60', '-F', '997'],
  });
  assert.ok(run.summary.samples.delivered > 500);
  assert.equal(child.exitCode, 0, 'the program ended by itself');
});
