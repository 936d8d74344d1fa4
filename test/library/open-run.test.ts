import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openRun, type ProfileSnapshot, RunError } from '../../src/index.js';
import { builtProgram } from '../kernel/running/fixture-programs.js';
import { needsRoot } from '../kernel/running/needs-root.js';

const server = (seconds: number): [string, ...string[]] => [
  builtProgram('server'),
  '--seconds',
  String(seconds),
];

function assertExact({ totals, profile }: ProfileSnapshot): void {
  const lost = Object.values(totals.lost).reduce((sum, count) => sum + count, 0);
  assert.equal(totals.fired, totals.samples + lost);
  assert.equal(totals.unaccounted, 0);
  assert.equal(profile.totalCount, totals.samples);
}

function selfOf(snapshot: ProfileSnapshot): number {
  return snapshot.functions().reduce((sum, { self }) => sum + self, 0);
}

test('snapshots since the start grow, each exact at its moment', needsRoot, async () => {
  await using run = await openRun({ command: server(2), frequencyHz: 997 });
  const snapshots: ProfileSnapshot[] = [];
  for await (const snapshot of run.snapshots({ everyMs: 300 })) {
    assertExact(snapshot);
    assert.equal(selfOf(snapshot), snapshot.totals.samples);
    snapshots.push(snapshot);
  }
  assert.ok(snapshots.length >= 5, `${snapshots.length} snapshots`);
  const counts = snapshots.map(({ totals }) => totals.samples);
  assert.deepEqual(
    counts,
    counts.toSorted((a, b) => a - b),
  );
  const last = snapshots.at(-1)!;
  assert.ok(last.isLast && counts.at(-1)! > 1500, counts.join());
  const [main] = last.functions().filter(({ name }) => name === 'server::main');
  assert.ok(main!.total > 0.95 * last.totals.samples, JSON.stringify(main));
});

test('what came since the last adds up to the run', needsRoot, async () => {
  await using run = await openRun({ command: server(2), frequencyHz: 997 });
  let sum = 0;
  for await (const snapshot of run.snapshots({ everyMs: 250, since: 'last' })) {
    assertExact(snapshot);
    assert.ok(snapshot.totals.samples < 900, `${snapshot.totals.samples} samples`);
    sum += snapshot.totals.samples;
  }
  assert.ok(sum > 1500 && sum < 2500, `${sum} samples`);
});

test('a process is let go when the run stops, and asked in between', needsRoot, async () => {
  const child = spawn(builtProgram('server'), ['--seconds', '60'], { stdio: 'ignore' });
  try {
    await using run = await openRun({ pid: child.pid!, frequencyHz: 997 });
    await run.start();
    await sleep(700);
    const first = await run.snapshot();
    await sleep(300);
    const last = await run.stop();
    assert.ok(!first.isLast && last.isLast);
    assert.ok(first.totals.samples > 100 && last.totals.samples > first.totals.samples);
    assertExact(last);
    assert.match(last.folded(), /^(.+ \d+\n)+$/);
    assert.equal(await run.stop(), last);
    assert.equal(child.exitCode, null);
  } finally {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
});

test('three runs at once in one process have nothing of each other', needsRoot, async () => {
  const programs = ['server', 'deep', 'spin'];
  const profiles = await Promise.all(
    programs.map(async (name) => {
      await using run = await openRun({ command: [builtProgram(name), '--seconds', '1'], frequencyHz: 499 });
      const snapshots: ProfileSnapshot[] = [];
      for await (const snapshot of run.snapshots({ everyMs: 200, since: 'last' })) snapshots.push(snapshot);
      snapshots.forEach(assertExact);
      return new Set(snapshots.flatMap((snapshot) => snapshot.functions().map(({ name }) => name)));
    }),
  );
  for (const [index, name] of programs.entries())
    for (const [other, functions] of profiles.entries())
      assert.equal(functions.has(`${name}::main`), other === index, `${name} in ${programs[other]}`);
});

test('the order of calls matters, and errors are codes', needsRoot, async () => {
  const codeOf = async (work: Promise<unknown>) =>
    await work.then(
      () => 'none',
      (error) => (error instanceof RunError ? error.code : error),
    );
  const run = await openRun({ command: ['true'], stdio: 'ignore' });
  assert.equal(await codeOf(run.snapshot()), 'not-started');
  assert.equal(await codeOf(run.stop()), 'not-started');
  assert.equal(await codeOf(run.snapshots({ everyMs: 0 }).next()), 'invalid-options');
  await run.start();
  assert.equal(await codeOf(run.start()), 'started-already');
  assert.equal(await codeOf(run.snapshot({ since: 'last' })), 'invalid-options');
  await run.close();
  assert.equal(await codeOf(run.snapshot()), 'closed');
  assert.equal(await codeOf(openRun({ command: ['/no/such/program'] })), 'command-absent');
  assert.equal(await codeOf(openRun({ pid: 2 ** 30 })), 'no-such-process');
  const nowhere = await openRun({ command: ['true', '--password'], cwd: '/no/such/folder' });
  assert.equal(await codeOf(nowhere.snapshots().next()), 'command-not-started');
  await nowhere.close();
});
