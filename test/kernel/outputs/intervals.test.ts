import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { assertAccounts, assertFoldedForm } from '../results/assert-summary.js';
import { parseFolded, totalCount } from '../results/folded-stacks.js';
import { builtProgram, programsWorkspace } from '../running/fixture-programs.js';
import { needsRoot } from '../running/needs-root.js';
import { asWhoRuns } from '../running/run-as-user.js';
import { type BeeRequest, type BeeRun, runBee } from '../running/run-bee.js';
import { startBee, untilTrue } from '../running/running-bee.js';

const SECOND = ['--frequency', '997', '--interval', '1'];

async function runWhole(request: Omit<BeeRequest, 'outputs'>): Promise<BeeRun> {
  const run = await runBee({ ...request, outputs: 'summary' });
  assert.equal(run.code, 0, run.stderr);
  assert.deepEqual(run.leftBehind, []);
  return run;
}

/** The samples of each interval, in order; fails unless they are those of the run. */
function assertAddsUp(
  { summary, scratch }: Pick<BeeRun, 'summary' | 'scratch'>,
  ending = '.folded',
): number[] {
  assertAccounts(summary!);
  const names = readdirSync(scratch)
    .filter((name) => name.endsWith(ending))
    .sort();
  const counts = names.map((name) => {
    const text = readFileSync(join(scratch, name), 'utf8');
    assertFoldedForm(text);
    return totalCount(parseFolded(text));
  });
  assert.equal(
    counts.reduce((sum, count) => sum + count, 0),
    summary!.samples.delivered,
  );
  assert.deepEqual(
    summary!.outputs
      .map(({ path }) => path)
      .filter((path) => path.endsWith(ending))
      .sort(),
    names.map((name) => join(scratch, name)),
  );
  return counts;
}

/** Where the machine is busy, a moment that has passed is left out. */
function assertAtMost(intervals: number, counts: readonly number[]): void {
  assert.ok(counts.length > intervals / 2 && counts.length <= intervals, `${counts.length} intervals`);
}

test('a command has one set of files for each interval, and the last one is shorter', needsRoot, async () => {
  const run = await runWhole({
    command: 'profile-bee',
    args: [
      ...SECOND,
      '-o',
      'a-%n.folded',
      '--svg',
      '%n.svg',
      '--raw-samples',
      'r-%n.ndjson',
      '--',
      builtProgram('server'),
      '--seconds',
      '2.5',
    ],
  });
  const counts = assertAddsUp(run);
  assert.ok(counts.length >= 3, counts.join());
  const names = readdirSync(run.scratch);
  for (const [index, count] of counts.entries()) {
    const number = String(index + 1).padStart(5, '0');
    assert.ok(names.includes(`a-${number}.folded`) && names.includes(`${number}.svg`));
    const svg = readFileSync(join(run.scratch, `${number}.svg`), 'utf8');
    assert.ok(svg.trimEnd().endsWith('</svg>'));
    if (count > 0) assert.match(svg, new RegExp(`>${count.toLocaleString('en')} samples? at 997 Hz`));
    const raw = readFileSync(join(run.scratch, `r-${number}.ndjson`), 'utf8');
    const rawCount = raw
      .split('\n')
      .filter(Boolean)
      .reduce((sum, line) => sum + (JSON.parse(line) as { count: number }).count, 0);
    assert.equal(rawCount, count);
  }
});

test('a duration of three intervals has three', needsRoot, async () => {
  const run = await runWhole({
    command: 'profile-bee',
    args: [...SECOND, '-d', '3', '-o', '%n.folded', '--', builtProgram('server'), '--seconds', '20'],
  });
  assertAtMost(3, assertAddsUp(run));
});

test('a running process; names by time do not overwrite each other', needsRoot, async () => {
  const server = spawn(...asWhoRuns(builtProgram('server'), ['--seconds', '30']), { stdio: 'ignore' });
  try {
    await sleep(300);
    const run = await runWhole({
      command: 'profile-bee',
      args: ['--pid', String(server.pid), '-F', '997', '-d', '2', '--interval', '0.25', '-o', '%t.folded'],
    });
    assertAtMost(8, assertAddsUp(run));
  } finally {
    server.kill('SIGKILL');
    await once(server, 'exit');
  }
});

test('the wrapper numbers its flamegraphs beside the build', needsRoot, async () => {
  const run = await runWhole({
    command: 'cargo-profile-bee',
    cwd: programsWorkspace(),
    args: ['--interval', '0.5', '--', '-q', '--release', '--bin', 'server', '--', '--seconds', '1'],
  });
  const paths = run.summary!.outputs.map(({ path }) => path);
  assert.ok(paths.length >= 2, paths.join());
  for (const [index, path] of paths.entries())
    assert.match(path, new RegExp(`/target/profiles/server-[0-9T-]+-0000${index + 1}\\.svg$`));
});

test('what ran short is rare: every interval is unwound like a run of its own', needsRoot, async () => {
  const run = await runWhole({
    command: 'profile-bee',
    args: [
      '-F',
      '4999',
      '--interval',
      '0.2',
      '-o',
      '%n.folded',
      '--require',
      'complete>=99,unaccounted<=0',
      '--',
      builtProgram('deep'),
      '--seconds',
      '2',
    ],
  });
  for (const name of readdirSync(run.scratch).filter((name) => name.endsWith('.folded'))) {
    const stacks = parseFolded(readFileSync(join(run.scratch, name), 'utf8'));
    if (totalCount(stacks) > 50)
      assert.ok(
        stacks.some(({ frames }) => frames.length > 900),
        name,
      );
  }
});

/** What is refused before anything runs, and the corrected line. */
const REFUSED: [args: string[], says: RegExp][] = [
  [['--interval', '1', '-o', 'a.svg'], /-o a-%n\.svg/],
  [['--interval', '1', '--svg', '100%.svg'], /--svg 100%%-%n\.svg/],
  [['--interval', '1', '--collapse', 'a', '--raw-samples', 'b-%n'], /--collapse a-%n/],
  [['--interval', '1'], /-o profile-%n\.folded/],
  [['--interval', '1', '-o', '-'], /-o profile-%n\.folded/],
  [['--interval', '0', '-o', '%n.svg'], /choose a number of seconds, 0\.1 or more/],
];

for (const [args, says] of REFUSED)
  test(`${args.join(' ')} is refused, with what to type`, async () => {
    const run = await runBee({
      command: 'profile-bee',
      args: [...args, '--', 'touch', 'started'],
      outputs: 'none',
    });
    assert.equal(run.code, 2, run.stderr);
    assert.match(run.stderr, says);
    assert.deepEqual(readdirSync(run.scratch).sort(), ['tmp']);
  });

test('without --interval a percent is a percent', needsRoot, async () => {
  const run = await runWhole({ command: 'profile-bee', args: ['-o', '%n.folded', '--', 'true'] });
  assert.ok(readdirSync(run.scratch).includes('%n.folded'));
});

test('a folder that goes away costs its interval, and the exit code says so', needsRoot, async () => {
  const run = startBee({
    command: 'profile-bee',
    args: [
      '-F',
      '997',
      '--interval',
      '0.5',
      '-o',
      'gone/%n.folded',
      '-o',
      '%n.folded',
      '--',
      builtProgram('server'),
      '--seconds',
      '4',
    ],
    outputs: 'summary',
    through: ['sh', '-c', 'mkdir gone && exec "$@"', 'sh'],
  });
  await untilTrue('the first interval is written', () => readdirSync(run.scratch).includes('00001.folded'));
  rmSync(join(run.scratch, 'gone'), { recursive: true });
  const { code } = await run.ended;
  assert.equal(code, 125, run.said());
  assert.match(run.said(), /cannot write .*gone\/0000\d\.folded: the folder does not exist/);
  assert.ok(readdirSync(run.scratch).includes('00004.folded'));
});
