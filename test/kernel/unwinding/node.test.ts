import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { totalCount } from '../results/folded-stacks.js';
import { needsRoot } from '../running/needs-root.js';
import { withMounts } from '../running/own-mounts.js';
import { type ProfiledRun, profileWith } from '../running/run-bee.js';
import { scratchDirectory } from '../running/scratch-directory.js';
import { compiledFixture, fixtureSource } from './unwinding-fixture.js';

const SOURCE = readFileSync(fixtureSource('named-jit.js'), 'utf8');
const NODE = [process.execPath, '--perf-basic-prof', '-e', SOURCE];
/** A folder and pids of its own, as in a container. */
const elsewhere = (folder: string) => [
  ...['unshare', '--pid', '--fork', '--kill-child'],
  ...withMounts(`mount -t tmpfs none '${folder}'`),
];

for (const { where, command } of [
  { where: 'here', command: NODE },
  { where: 'in namespaces of its own', command: [...elsewhere('/tmp'), ...NODE] },
]) {
  test(`node ${where}: stacks reach their end, and its perf map names them`, needsRoot, async () => {
    const child = await started(command);
    try {
      const pid = String(nodeOf(child.pid!));
      const args = ['--frequency', '997', '-d', '1', '--pid', pid];
      const { stacks, summary } = await profileWith({ command: 'profile-bee', args });
      const { complete, user, incomplete } = summary.stacks;
      const counted = user - (incomplete.exiting ?? 0);
      assert.ok(counted > 200 && complete >= 0.999 * counted - 1, JSON.stringify(summary.stacks));
      const named = stacks.filter(({ frames }) =>
        frames.some((name) => /burnsInJavaScript.*_\[j\]$/.test(name)),
      );
      assert.ok(totalCount(named) > 0.8 * user, `${totalCount(named)} of ${user} stacks have the name`);
    } finally {
      child.kill('SIGKILL');
      rmSync(`/tmp/perf-${child.pid}.map`, { force: true });
    }
  });
}

test(
  'node under the profiler: its jitdump names its code; before it is written, that is told',
  needsRoot,
  async () => {
    const finite = SOURCE.replace('for (let round = 0; ;', 'for (let round = 0; round < 600;');
    const args = ['-F', '997', '--', process.execPath, '--perf-prof', '-e', finite];
    const { stacks, summary } = await profileWith({ command: 'profile-bee', args });
    const named = stacks.filter(({ frames }) =>
      frames.some((name) => /burnsInJavaScript.*_\[j\]$/.test(name)),
    );
    assert.ok(
      totalCount(named) > 0.5 * summary.samples.delivered,
      `${totalCount(named)} stacks have the name`,
    );
    const child = await started([process.execPath, '--perf-prof', '-e', SOURCE]);
    const attached = ['-F', '997', '-d', '1', '-p', String(child.pid)];
    const run = await profileWith({ command: 'profile-bee', args: attached }).finally(() =>
      child.kill('SIGKILL'),
    );
    assert.match(
      symbolProblems(run),
      /jit-\d+\.dump: \d+ of \d+ addresses of generated code have no name in it/,
    );
  },
);

for (const where of ['here', 'in namespaces of its own, where its path is another place']) {
  test(`the jitdump of a process that runs ${where}: the newest name of its code`, needsRoot, async () => {
    const dump = join(scratchDirectory(), 'jit-1.dump');
    const before = where === 'here' ? [] : elsewhere(dirname(dump));
    writeFileSync(dump, jitDump('an earlier one', 'compiled_by_hand'));
    const descriptor = openSync(dump, 'r');
    const child = await started([...before, compiledFixture('maps-jitdump'), '/proc/self/fd/3'], descriptor);
    const args = ['-F', '997', '-d', '1', '-p', String(nodeOf(child.pid!))];
    const run = await profileWith({ command: 'profile-bee', args }).finally(() => child.kill('SIGKILL'));
    const named = run.stacks.filter(({ frames }) => frames.at(-1) === 'compiled_by_hand_[j]');
    assert.ok(totalCount(named) > 0.9 * run.summary.samples.delivered, run.foldedText);
    assert.match(symbolProblems(run), /jit-1\.dump: (\d+) of \1 addresses held several functions in turn/);
  });
}

test('a file that is no jitdump, by its name alone, is told of', needsRoot, async () => {
  const nonsense = join(scratchDirectory(), 'jit-1.dump');
  writeFileSync(nonsense, 'x'.repeat(8192));
  const args = ['-F', '997', '--', compiledFixture('maps-jitdump'), nonsense, '3'];
  const run = await profileWith({ command: 'profile-bee', args });
  assert.match(symbolProblems(run), /jit-1\.dump: .*it does not begin as a jitdump/);
});

function symbolProblems({ summary }: ProfiledRun): string {
  return summary.problems
    .filter(({ code }) => code === 'symbols')
    .map(({ message }) => message)
    .join('\n');
}

/** Functions that were at the address of `maps-jitdump`, one after the other. */
function jitDump(...names: readonly string[]): Buffer {
  const header = Buffer.alloc(40);
  for (const [index, word] of [0x4a695444, 1, 40, 62].entries()) header.writeUInt32LE(word, 4 * index);
  const records = names.map((name, index) => {
    const text = Buffer.from(`${name}\0`);
    const record = Buffer.concat([Buffer.alloc(56), text, Buffer.alloc(16)]);
    record.writeUInt32LE(record.length, 4);
    record.writeBigUInt64LE(0x200000000000n, 32);
    record.writeBigUInt64LE(16n, 40);
    record.writeBigUInt64LE(BigInt(index), 48);
    return record;
  });
  return Buffer.concat([header, ...records]);
}

/** `descriptor`: its third. */
async function started(command: readonly string[], descriptor?: number): Promise<ChildProcess> {
  // V8 also writes a log, to the current folder.
  const cwd = scratchDirectory();
  const child = spawn(command[0]!, command.slice(1), {
    cwd,
    stdio: ['ignore', 'pipe', 'inherit', descriptor ?? 'ignore'],
  });
  await once(child.stdout!, 'data');
  return child;
}

/** The process itself, or what unshare has forked. */
function nodeOf(pid: number): number {
  const children = execFileSync('sh', ['-c', `cat /proc/${pid}/task/${pid}/children`], { encoding: 'utf8' });
  return Number(children.trim() || pid);
}
