import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { builtProgram } from '../running/fixture-programs.js';
import { whatIsLeftBehind } from '../running/left-behind.js';
import { needsRoot } from '../running/needs-root.js';
import { beeCommandLine, beeEnvironment, readFiles, wholeProfile } from '../running/run-bee.js';
import { shellQuoted } from '../running/run-in-terminal.js';
import { descendantNamed, readProc, untilTrue } from '../running/running-bee.js';
import { scratchDirectory } from '../running/scratch-directory.js';
import { linesOf } from './hearing.js';

interface Job {
  /** An interactive shell on a terminal of its own, whose job the run is. */
  shell: ChildProcess;
  /** The profiler and its program. */
  pids: readonly [number, number];
  file: string;
  /** Ends the program, then the shell with the code of the run. */
  end(): Promise<void>;
}

/** `name FILE`, profiled, from a shell with job control. */
async function startJob(name: string): Promise<Job> {
  const [scratch, file] = [scratchDirectory(), join(scratchDirectory(), 'file')];
  const request = {
    command: 'profile-bee',
    args: ['--frequency', '997', '--', builtProgram(name), file],
  } as const;
  const line = beeCommandLine(request, scratch).map(shellQuoted).join(' ');
  const env = { ...beeEnvironment(scratch), SHELL: '/bin/sh' };
  const command = 'exec bash --norc --noprofile -i';
  const shell = spawn('script', ['-qec', command, '/dev/null'], { env, detached: true });
  let said = '';
  shell.stdout.on('data', (chunk) => (said += chunk));
  shell.stdin.write(`${line}\n`);
  await untilTrue(
    'the program works',
    () => existsSync(file) && readFileSync(file, 'utf8').includes('ready'),
  );
  await sleep(1_000);
  const program = descendantNamed(shell.pid!, name)!;
  const profiler = Number(/^PPid:\s*(\d+)$/m.exec(readProc(program, 'status'))![1]);
  const closed = new Promise<number | null>((resolve) => shell.once('close', resolve));
  const end = async (): Promise<void> => {
    process.kill(program, 'SIGTERM');
    shell.stdin.write('exit $?\n');
    const code = await Promise.race([closed, sleep(30_000, 'still there' as const)]);
    assert.equal(code, 0, said);
    const leftBehind = await whatIsLeftBehind(scratch);
    wholeProfile({
      code: 0,
      signal: null,
      stdout: '',
      stderr: said,
      scratch,
      leftBehind,
      ...readFiles(scratch),
    });
  };
  return { shell, pids: [profiler, program], file, end };
}

const areStopped = ({ pids }: Job) => pids.map((pid) => /^State:\s*T/m.test(readProc(pid, 'status')));

async function untilBoth(job: Job, stopped: boolean): Promise<void> {
  await untilTrue(stopped ? 'both have stopped' : 'both go on', () =>
    areStopped(job).every((isStopped) => isStopped === stopped),
  );
}

test('Ctrl-Z stops the program and the profiler, fg lets both go on', needsRoot, async () => {
  const job = await startJob('signals');
  job.shell.stdin!.write('\x1a');
  await untilBoth(job, true);
  job.shell.stdin!.write('fg\n');
  await untilBoth(job, false);
  await job.end();
});

test('a stop and a continuation sent to the profiler alone are its program’s too', needsRoot, async () => {
  const job = await startJob('signals');
  process.kill(job.pids[0], 'SIGTSTP');
  await untilBoth(job, true);
  process.kill(job.pids[0], 'SIGCONT');
  await untilBoth(job, false);
  job.shell.stdin!.write('fg\n');
  await job.end();
});

test('a program that does not stop at Ctrl-Z keeps the profiler going', needsRoot, async () => {
  const job = await startJob('hears');
  job.shell.stdin!.write('\x1a');
  await untilTrue('it was heard', () => linesOf(job.file).includes('20'));
  await sleep(500);
  assert.deepEqual(areStopped(job), [false, false]);
  await job.end();
  assert.deepEqual(linesOf(job.file), ['ready', '20', '15']);
});

test('a terminal that changes its size tells the program once', needsRoot, async () => {
  const job = await startJob('hears');
  const terminal = readlinkSync(`/proc/${job.pids[1]}/fd/0`);
  execFileSync('stty', ['-F', terminal, 'rows', '33']); // with columns it would change twice
  await untilTrue('it was heard', () => linesOf(job.file).includes('28'));
  await sleep(500);
  await job.end();
  assert.deepEqual(linesOf(job.file), ['ready', '28', '15']);
});
