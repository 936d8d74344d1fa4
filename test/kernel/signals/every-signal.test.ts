import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { constants } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { signalName } from '../../../src/run/signals/signal-name.js';
import { builtProgram, programsWorkspace } from '../running/fixture-programs.js';
import { needsRoot } from '../running/needs-root.js';
import { commandPath } from '../running/repository.js';
import { type BeeRequest, readFiles, runBee } from '../running/run-bee.js';
import { descendantNamed, startBee, untilTrue } from '../running/running-bee.js';
import { scratchDirectory } from '../running/scratch-directory.js';
import { EVERY_SIGNAL, heardUntilEnd, sendEverySignal, sortedNumbers, startHearing } from './hearing.js';
import { wholeEnd } from './whole-end.js';

const { SIGTERM, SIGUSR1 } = constants.signals;
const OURS = ['--frequency', '997', '--'];

const hearing: Record<string, (file: string) => BeeRequest> = {
  'a command': (file) => ({ command: 'profile-bee', args: [...OURS, builtProgram('hears'), file] }),
  'cargo run': (file) => ({
    command: 'cargo-profile-bee',
    args: [...OURS, '--release', '--bin', 'hears', '--', file],
    cwd: programsWorkspace(),
  }),
};

for (const [what, request] of Object.entries(hearing)) {
  for (const whom of ['the profiler alone', 'its process group']) {
    test(`every signal to ${whom} reaches ${what} once`, needsRoot, async () => {
      const file = join(scratchDirectory(), 'heard');
      const running = await startHearing(request(file), file);
      await sendEverySignal(whom === 'its process group' ? -running.pid : running.pid, file);
      const heard = await heardUntilEnd(running, file, EVERY_SIGNAL.length);
      assert.deepEqual(sortedNumbers(heard), EVERY_SIGNAL);
    });
  }
}

test('real-time signals are queued: each reaches the program, with its value', needsRoot, async () => {
  const file = join(scratchDirectory(), 'heard');
  const running = await startHearing(hearing['a command']!(file), file);
  const values = Array.from({ length: 200 }, (_, index) => index);
  const kills = values.map((value) => `/usr/bin/kill -q ${value} -s RTMIN+2 ${running.pid}`);
  execFileSync('sh', ['-c', kills.join('\n')]); // procps has the option
  assert.deepEqual(
    await heardUntilEnd(running, file, values.length),
    values.map((value) => `36 ${value}`),
  );
});

test('what somebody sends while the profile is written does not cost it', needsRoot, async () => {
  const file = join(scratchDirectory(), 'heard');
  const running = await startHearing(hearing['a command']!(file), file);
  const harmless = EVERY_SIGNAL.filter((number) => ![1, 2, 3, 20, 21, 22].includes(number));
  process.kill(running.pid, SIGTERM);
  for (let index = 0; readFiles(running.scratch).svg === undefined; index++) {
    process.kill(running.pid, harmless[index % harmless.length]!);
    await sleep(2);
  }
  await wholeEnd(running);
});

for (const [number, command] of [
  [10, 'cargo run'],
  [12, 'a command'],
  [8, 'a command'],
  [37, 'cargo run'],
  [64, 'a command'],
] as const) {
  const name = signalName(number);
  test(
    `${name} ends ${command} that does not expect it: ${128 + number}, and a profile`,
    needsRoot,
    async () => {
      const spin = ['--seconds', '60'];
      const running = startBee(
        command === 'a command'
          ? { command: 'profile-bee', args: [...OURS, builtProgram('spin'), ...spin] }
          : {
              command: 'cargo-profile-bee',
              args: [...OURS, '--release', '--bin', 'spin', '--', ...spin],
              cwd: programsWorkspace(),
            },
      );
      await untilTrue('the program works', () => descendantNamed(running.pid, 'spin') !== undefined);
      await sleep(500);
      process.kill(running.pid, number);
      const { summary } = await wholeEnd(running, 128 + number);
      assert.deepEqual(summary.exit, { code: 128 + number, source: 'target', signal: name });
      assert.equal(summary.targets[0]?.signal, name);
    },
  );
}

test('a real-time signal that was ignored stays so, for us and for the program', needsRoot, async () => {
  const through = ['bash', '-c', 'trap "" RTMIN+1; exec "$@"', 'bash'];
  const portrait = ['/usr/bin/grep', '-E', '^Sig(Ign|Blk|Cgt)', '/proc/self/status'];
  const [bash, ...rest] = [...through, ...portrait];
  const plain = execFileSync(bash!, rest, { encoding: 'utf8' });
  const run = await runBee({ command: 'profile-bee', args: ['--', ...portrait], through });
  assert.equal(run.stdout, plain);
  assert.match(plain, /^SigIgn:\s*0*400000000$/m);
});

test('a profile of a running process ends with a signal that nobody expects', needsRoot, async () => {
  for (const number of [SIGUSR1, 40]) {
    const program = startBee({
      command: 'profile-bee',
      args: ['--', builtProgram('spin'), '--seconds', '60'],
    });
    await untilTrue('the program works', () => descendantNamed(program.pid, 'spin') !== undefined);
    const pid = descendantNamed(program.pid, 'spin')!;
    const running = startBee({ command: 'profile-bee', args: ['--frequency', '997', '--pid', String(pid)] });
    await sleep(2_500);
    process.kill(running.pid, number);
    const run = await wholeEnd(running);
    assert.doesNotMatch(running.said(), /Debugger/);
    assert.ok(run.summary.samples.delivered > 0, 'sampled until then');
    process.kill(pid, 'SIGKILL');
    await program.ended;
  }
});

test('SIGUSR1 ends a command that profiles nothing, and opens no inspector', async () => {
  const words = [commandPath('profile-bee'), 'inspect', 'symbolize', process.execPath];
  const waiting = spawn(process.execPath, words, { stdio: ['pipe', 'ignore', 'pipe'] }); // for addresses
  let said = '';
  waiting.stderr.on('data', (chunk) => (said += chunk));
  await sleep(1_500);
  waiting.kill('SIGUSR1');
  const signal = await new Promise((resolve) => waiting.once('close', (_, by) => resolve(by)));
  assert.deepEqual({ signal, said }, { signal: 'SIGUSR1', said: '' });
});
