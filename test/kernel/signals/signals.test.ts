import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { assertChain } from '../results/assert-chain.js';
import { builtProgram, programsWorkspace } from '../running/fixture-programs.js';
import { whatIsLeftBehind } from '../running/left-behind.js';
import { needsRoot } from '../running/needs-root.js';
import {
  type BeeRequest,
  beeCommandLine,
  beeEnvironment,
  readFiles,
  runBee,
  wholeProfile,
} from '../running/run-bee.js';
import { runInTerminal, shellQuoted } from '../running/run-in-terminal.js';
import { descendantNamed, startBee, untilTrue } from '../running/running-bee.js';
import { scratchDirectory } from '../running/scratch-directory.js';
import { wholeEnd } from './whole-end.js';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;
const OURS = ['--frequency', '997', '--'];

/** Once it samples: a second of work for the profile. */
async function untilWorking(file: string): Promise<void> {
  await untilTrue(
    'the program works',
    () => existsSync(file) && readFileSync(file, 'utf8').includes('ready'),
  );
  await sleep(1_000);
}

function whatCame(file: string): string {
  return readFileSync(file, 'utf8');
}

const commands: Record<string, (file: string) => BeeRequest> = {
  'a command': (file) => ({ command: 'profile-bee', args: [...OURS, builtProgram('signals'), file] }),
  'cargo run': (file) => ({
    command: 'cargo-profile-bee',
    args: [...OURS, '--release', '--bin', 'signals', '--', file],
    cwd: programsWorkspace(),
  }),
};

for (const [what, request] of Object.entries(commands)) {
  for (const signal of SIGNALS) {
    for (const whom of ['the profiler alone', 'its process group']) {
      test(`${signal} to ${whom} reaches ${what} once, and the outputs are whole`, needsRoot, async () => {
        const file = join(scratchDirectory(), 'came');
        const running = startBee(request(file));
        await untilWorking(file);
        process.kill(whom === 'its process group' ? -running.pid : running.pid, signal);
        const run = await wholeEnd(running);
        assert.equal(whatCame(file), `came: ${signal}\n`);
        assert.equal(run.summary.exit.source, 'target');
        assertChain(run.stacks, ['signals::work_until_signal'], 30);
        assertChain(run.stacks, ['signals::work_after_signal'], 5);
      });
    }
  }
}

const cargoTest = (file: string): BeeRequest => ({
  command: 'cargo-profile-bee',
  args: [...OURS, 'test', '--test', 'told', '-p', 'signals'],
  cwd: programsWorkspace(),
  env: { SIGNALS_FILE: file },
});

test('Ctrl-C during cargo test: cargo ends first, the profile with the test', needsRoot, async () => {
  const file = join(scratchDirectory(), 'came');
  const run = wholeProfile(await runInTerminal(cargoTest(file), /running 1 test/), 130);
  assert.equal(whatCame(file), 'came: SIGINT\n');
  assert.equal(run.summary.targets[0]?.exitCode, 0, 'the test ended by itself');
  assertChain(run.stacks, ['signals::work_after_signal'], 5);
});

test('SIGTERM to the profiler during cargo test ends cargo and its test', needsRoot, async () => {
  const file = join(scratchDirectory(), 'came');
  const running = startBee(cargoTest(file));
  await untilWorking(file);
  process.kill(running.pid, 'SIGTERM');
  const run = await wholeEnd(running, 143);
  assert.equal(whatCame(file), 'came: SIGTERM\n');
  assertChain(run.stacks, ['signals::work_after_signal'], 5);
});

test('a program that is stopped and goes on is profiled as a whole', needsRoot, async () => {
  const args = [...OURS, builtProgram('spin'), '--seconds', '2'];
  const running = startBee({ command: 'profile-bee', args });
  const program = () => descendantNamed(running.pid, 'spin');
  await untilTrue('the program works', () => program() !== undefined);
  await sleep(500);
  process.kill(program()!, 'SIGSTOP');
  await sleep(1_000);
  process.kill(program()!, 'SIGCONT');
  const run = await wholeEnd(running);
  assertChain(run.stacks, ['spin::main', 'spin::nest'], 95);
  const { expected, delivered } = run.summary.samples;
  assert.ok(delivered > expected / 2 && delivered < expected * 2, `${delivered} of ${expected}`);
});

test(
  'a terminal that closes: the program gets one SIGHUP, and the outputs are whole',
  needsRoot,
  async () => {
    const file = join(scratchDirectory(), 'came');
    const scratch = scratchDirectory();
    const line = beeCommandLine(commands['a command']!(file), scratch).map(shellQuoted).join(' ');
    const env = { ...beeEnvironment(scratch), SHELL: '/bin/sh' };
    const terminal = spawn('script', ['-qec', `exec ${line}`, '/dev/null'], { env, detached: true });
    await untilWorking(file);
    terminal.kill('SIGKILL');
    await untilTrue('the summary is written', () => readFiles(scratch).summary !== undefined);
    const leftBehind = await whatIsLeftBehind(scratch);
    const ended = { code: 0, signal: null, stdout: '', stderr: '', scratch, leftBehind };
    const run = wholeProfile({ ...ended, ...readFiles(scratch) });
    assert.equal(whatCame(file), 'came: SIGHUP\n');
    assertChain(run.stacks, ['signals::work_after_signal'], 5);
  },
);

/** As somebody types it; the shell itself lives through the signal. */
const UNDER_NOHUP = ['bash', '-c', 'trap : HUP; nohup "$@"; exit $?', 'bash'];

test('under nohup the program starts with SIGHUP ignored, as from nohup itself', needsRoot, async () => {
  const portrait = ['/usr/bin/grep', '-E', '^Sig(Ign|Blk)', '/proc/self/status'];
  const [bash, ...rest] = [...UNDER_NOHUP, ...portrait];
  const plain = execFileSync(bash!, rest, { encoding: 'utf8' });
  const run = await runBee({ command: 'profile-bee', args: ['--', ...portrait], through: UNDER_NOHUP });
  assert.equal(run.stdout, plain);
  assert.match(plain, /^SigIgn:\s*0*1$/m);
});

test('under nohup a hang-up ends neither the program nor its profile', needsRoot, async () => {
  const args = [...OURS, builtProgram('spin'), '--seconds', '2'];
  const running = startBee({ command: 'profile-bee', args, through: UNDER_NOHUP });
  await untilTrue('the program works', () => descendantNamed(running.pid, 'spin') !== undefined);
  await sleep(500);
  process.kill(-running.pid, 'SIGHUP');
  const run = await wholeEnd(running);
  assertChain(run.stacks, ['spin::main', 'spin::nest'], 95);
});

test('under nohup cargo lives through a hang-up too', needsRoot, async () => {
  const file = join(scratchDirectory(), 'came');
  const running = startBee({ ...cargoTest(file), through: UNDER_NOHUP });
  await untilWorking(file);
  process.kill(-running.pid, 'SIGHUP');
  await wholeEnd(running);
  assert.equal(whatCame(file), 'came: SIGHUP\n', 'the test asks for it');
});
