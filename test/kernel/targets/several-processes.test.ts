import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type FoldedStack, totalCount } from '../results/folded-stacks.js';
import { builtProgram } from '../running/fixture-programs.js';
import { needsRoot } from '../running/needs-root.js';
import { asWhoRuns } from '../running/run-as-user.js';
import { profileWith, runBee } from '../running/run-bee.js';

const started: ChildProcess[] = [];
const forAWhile = ['-d', '2', '-F', '499'];

afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
});

interface Prefork {
  pid: number;
  workers: number[];
}

/** Workers end with their server. */
async function prefork(...flags: readonly string[]): Promise<Prefork> {
  const child = spawn(...asWhoRuns(builtProgram('prefork'), flags), { stdio: ['ignore', 'pipe', 'inherit'] });
  started.push(child);
  const [line] = (await once(child.stdout!, 'data')) as [Buffer];
  return { pid: child.pid!, workers: String(line).trim().split(' ').map(Number) };
}

function burning(seconds: number): ChildProcess {
  const child = spawn(...asWhoRuns(builtProgram('spin'), ['--seconds', String(seconds)]), {
    stdio: 'ignore',
  });
  started.push(child);
  return child;
}

function under(stacks: readonly FoldedStack[], root: string): number {
  return totalCount(stacks.filter(({ frames }) => frames[0] === root));
}

test(
  '--pid of a prefork server: the workers that it has, and those that come, are profiled',
  needsRoot,
  async () => {
    const { pid, workers } = await prefork('--workers', '2', '--late');
    const args = ['--pid', String(pid), ...forAWhile, '--group-by', 'process'];
    const { stacks, summary } = await profileWith({ command: 'profile-bee', args });
    const roots = [...new Set(stacks.map(({ frames }) => frames[0]!))].filter(
      (root) => root !== `prefork [pid ${pid}]`,
    );
    for (const worker of workers) assert.ok(roots.includes(`prefork [pid ${worker}]`), roots.join());
    assert.equal(roots.length, 3, 'the one that came later is there as well');
    assert.deepEqual(
      summary.targets.map(({ pid }) => pid),
      [pid],
      'what was named',
    );
  },
);

test('--no-children: the server alone, who works is named, and the line to type', needsRoot, async () => {
  const { pid, workers } = await prefork('--workers', '2', '--late');
  const args = ['--no-children', '--pid', String(pid), ...forAWhile];
  const { summary, stacks } = await profileWith({ command: 'profile-bee', args });
  assert.ok(totalCount(stacks) < 20, `${totalCount(stacks)} samples of a process that sleeps`);
  const told = summary.problems.find(({ code }) => code === 'work-elsewhere')?.message ?? '';
  assert.match(
    told,
    new RegExp(
      `^process ${pid} \\(prefork\\) used 0\\.\\d\\d s of CPU time in \\d\\.\\d\\d s; its child processes`,
    ),
  );
  const pids = /--pid ([\d,]+)/.exec(told)?.[1]?.split(',').map(Number) ?? [];
  for (const worker of workers) assert.ok(pids.includes(worker), `${worker}: ${told}`);
});

test(
  'a daemon that has left its starter is found, and profiled by the line that names it',
  needsRoot,
  async () => {
    const { pid, workers } = await prefork('--workers', '1', '--daemon');
    const command = 'profile-bee' as const;
    const { summary } = await profileWith({ command, args: ['--pid', String(pid), ...forAWhile] });
    const told = summary.problems.find(({ code }) => code === 'work-elsewhere')?.message ?? '';
    assert.match(told, /other processes of the same program/);
    const [, typed] = /(--pid \d+)/.exec(told)!;
    assert.equal(typed, `--pid ${workers[0]}`);
    const run = await profileWith({ command, args: [...typed!.split(' '), ...forAWhile] });
    assert.ok(
      run.stacks.some(({ frames }) => frames.includes('prefork::worker_step')),
      run.foldedText,
    );
  },
);

test(
  'a process that sleeps is called idle; no sample at all is a problem of its own',
  needsRoot,
  async () => {
    const child = spawn(...asWhoRuns('/usr/bin/sleep', ['60']), { stdio: 'ignore' });
    started.push(child);
    await sleep(200);
    const args = ['-p', String(child.pid), '-d', '1'];
    const { summary, stderr } = await profileWith({ command: 'profile-bee', args });
    const codes = summary.problems.map(({ code }) => code);
    assert.ok(codes.includes('idle') && codes.includes('no-samples'), codes.join());
    assert.match(stderr, new RegExp(`process ${child.pid} \\(sleep\\) slept: 0\\.00 s of CPU time`));
  },
);

test('several --pid: each is a root, and the run ends with the last of them', needsRoot, async () => {
  const [brief, long] = [burning(1), burning(3)];
  await sleep(200);
  const args = ['-p', `${brief.pid},${long.pid}`, '--pid', String(long.pid), '-F', '499', '-d', '60'];
  const { stacks, summary } = await profileWith({ command: 'profile-bee', args });
  assert.equal(long.exitCode, 0, 'the last one has ended by itself');
  const [ofBrief, ofLong] = [brief, long].map(({ pid }) => under(stacks, `spin [pid ${pid}]`));
  assert.equal(ofBrief! + ofLong!, summary.samples.delivered, 'nothing is under another root');
  assert.ok(ofBrief! > 150 && ofLong! > 900, `${ofBrief} and ${ofLong} samples`);
  const targets = summary.targets.map(({ pid, kind, exitCode }) => ({ pid, kind, exitCode }));
  assert.deepEqual(
    targets,
    [brief, long].map(({ pid }) => ({ pid, kind: 'pid', exitCode: 0 })),
  );
});

test('a pid that is nobody’s ends the run before it begins, and is named', needsRoot, async () => {
  const { pid } = burning(60);
  await sleep(200);
  const run = await runBee({ command: 'profile-bee', args: ['-p', `${pid},${2 ** 22 - 1}`, '-d', '1'] });
  assert.equal(run.code, 2, run.stderr);
  assert.match(run.stderr, /cannot profile process 4194303: there is no such process/);
  assert.equal(run.summary?.samples.fired, 0);
});

test('the pid that a process has inside of a container leads to its pid outside', needsRoot, async () => {
  const absent = 4_194_001;
  const script = `echo ${absent - 1} > /proc/sys/kernel/ns_last_pid; sleep 60 & echo $!; wait`;
  const inside = ['--pid', '--fork', '--mount-proc', '--kill-child', 'sh', '-c', script];
  const child = spawn('unshare', inside, { stdio: ['ignore', 'pipe', 'inherit'] });
  started.push(child);
  const [line] = (await once(child.stdout!, 'data')) as [Buffer];
  assert.equal(Number(String(line)), absent);
  const { code, stderr } = await runBee({ command: 'profile-bee', args: ['-p', String(absent), '-d', '1'] });
  assert.equal(code, 2, stderr);
  assert.match(stderr, new RegExp(`--pid \\d+ {3}is process ${absent} \\(sleep\\) of a container`));
});
