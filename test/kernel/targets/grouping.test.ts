import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { chainPercent } from '../results/assert-chain.js';
import { assertAccounts } from '../results/assert-summary.js';
import { type FoldedStack, parseFolded, totalCount } from '../results/folded-stacks.js';
import { builtProgram, programsWorkspace } from '../running/fixture-programs.js';
import { needsRoot } from '../running/needs-root.js';
import { type ProfiledRun, profileWith, runBee } from '../running/run-bee.js';
import { scratchDirectory } from '../running/scratch-directory.js';

/** Below this a root is only start-up and end, which a run may or may not be caught at. */
const MIN_SAMPLES = 50;
const OUTSIDE = '[outside of tests]';

before(() => {
  programsWorkspace();
});

async function profileTests(flags: string[], cargo: string[]): Promise<ProfiledRun> {
  const args = ['--frequency', '997', ...flags, '--', 'test', ...cargo];
  return await profileWith({ command: 'cargo-profile-bee', args, cwd: programsWorkspace() });
}

function underRoot(stacks: readonly FoldedStack[], root: string): FoldedStack[] {
  return stacks.filter(({ frames }) => frames[0] === root);
}

function rootsOf(stacks: readonly FoldedStack[]): string[] {
  return [...new Set(stacks.map(({ frames }) => frames[0]!))].sort();
}

/**
 * The roots with work of their own are these. What else there may be is the harness, and a test that does nothing,
 * caught at its start, when its thread has no more than a name.
 */
function assertRoots(stacks: readonly FoldedStack[], expected: readonly string[]): void {
  const sizes = rootsOf(stacks).map((root) => ({ root, count: totalCount(underRoot(stacks, root)) }));
  const large = sizes.filter(({ root, count }) => root !== OUTSIDE && count >= MIN_SAMPLES);
  const seen = JSON.stringify(sizes);
  assert.deepEqual(
    large.map(({ root }) => root),
    expected.toSorted(),
    seen,
  );
  const small = sizes.filter((size) => !large.includes(size));
  assert.ok(small.reduce((sum, { count }) => sum + count, 0) < 0.1 * totalCount(stacks), seen);
  assert.ok(
    small.every(({ root }) => root === OUTSIDE || root.includes('unit_res')),
    seen,
  );
}

/** The function, or a closure in it, is on every stack that does the work of this root, and on none of another. */
function assertOnlyUnder(stacks: readonly FoldedStack[], root: string, name: string): void {
  const has = ({ frames }: FoldedStack) => frames.slice(1).some((frame) => frame.includes(name));
  const working = underRoot(stacks, root).filter((stack) => chainPercent([stack], ['test_trees::burn']) > 0);
  assert.deepEqual(
    working.filter((stack) => !has(stack)),
    [],
    `${name} in all of ${root}`,
  );
  assert.deepEqual(rootsOf(stacks.filter(has)), [root], `${name} in nothing but ${root}`);
}

test('several binaries have a root each, called as nextest calls them', needsRoot, async () => {
  const { stacks, svg } = await profileTests([], ['-p', 'harnesses']);
  assertRoots(stacks, ['harnesses', 'harnesses::first', 'harnesses::second']);
  for (const [root, test] of [
    ['harnesses', 'harnesses::tests::unit_burns'],
    ['harnesses::first', 'first::first_burns'],
    ['harnesses::second', 'second::second_burns'],
  ] as const) {
    assert.ok(chainPercent(underRoot(stacks, root), [test]) > 80, `${test} under ${root}`);
    assert.equal(chainPercent(stacks, [test]), chainPercent(stacks, [root, test]), `${test} nowhere else`);
  }
  assert.match(svg, /data-name="harnesses::second" data-origin="unknown"/);
});

test('one binary has no root unless it is asked for', needsRoot, async () => {
  const run = async (flags: string[]) => {
    const args = [...flags, '--', '--bin', 'threads', '--', '--rounds', '20'];
    return await profileWith({ command: 'cargo-profile-bee', args, cwd: programsWorkspace() });
  };
  const plain = await run([]);
  assert.equal(chainPercent(plain.stacks, ['threads::bin/threads']), 0);
  const grouped = await run(['--group-by', 'binary']);
  assert.deepEqual(rootsOf(grouped.stacks), ['threads::bin/threads']);
  const byThread = await run(['--group-by', 'thread']);
  for (const name of ['alpha', 'beta', 'gamma', 'delta']) {
    const working = byThread.stacks.filter((stack) => chainPercent([stack], [`threads::${name}_work`]) > 0);
    assert.deepEqual(rootsOf(working), [name]);
  }
});

const UNIT = 'one_long_module_name';

test('each test has a root, with its threads, forks and programs', needsRoot, async () => {
  const args = ['-p', 'test-trees', '-p', 'harnesses', '--lib', '--test', 'processes', '--test', 'first'];
  const { stacks, stdout } = await profileTests(['--group-by', 'test'], args);
  assert.match(stdout, /test forks \.\.\. ok/);
  assertRoots(stacks, [
    `${UNIT}::left::burns`,
    `${UNIT}::right::burns`,
    `${UNIT}::right::starts_threads`,
    'tests::unit_burns',
    'forks',
    'runs_burner',
    'harnesses::first first_burns',
    'test-trees::processes first_burns',
  ]);
  assertOnlyUnder(stacks, `${UNIT}::left::burns`, `test_trees::${UNIT}::left::burns`);
  assertOnlyUnder(stacks, `${UNIT}::right::burns`, `test_trees::${UNIT}::right::burns`);
  assertOnlyUnder(stacks, `${UNIT}::right::starts_threads`, `test_trees::${UNIT}::right::starts_threads`);
  assertOnlyUnder(stacks, 'forks', 'processes::forks');
  assertOnlyUnder(stacks, 'runs_burner', 'burner::main');
  assertOnlyUnder(stacks, 'test-trees::processes first_burns', 'processes::first_burns');
});

test('tests that run one at a time have their roots too', needsRoot, async () => {
  const args = ['-p', 'test-trees', '--test', 'processes', '--', '--test-threads=1'];
  const { stacks } = await profileTests(['--group-by', 'test'], args);
  assertRoots(stacks, ['first_burns', 'forks', 'runs_burner']);
});

test('examples of documentation are called by their package', needsRoot, async () => {
  const { stacks, summary } = await profileTests(['--group-by', 'test'], ['-p', 'test-trees', '--doc']);
  assert.deepEqual(rootsOf(stacks), ['test-trees::doctest']);
  assert.ok(summary.targets.every(({ kind }) => kind === 'doctest'));
});

test('processes have a root each: what a child has become is its name', needsRoot, async () => {
  const script = `${builtProgram('children')} --count 20; true`;
  const args = ['--frequency', '997', '--group-by', 'process', '--', '/bin/sh', '-c', script];
  const { stacks, summary } = await profileWith({ command: 'profile-bee', args });
  const roots = rootsOf(stacks);
  const pid = summary.targets[0]!.pid;
  // /bin/sh is a link; a child caught between fork and exec only has its parent's name.
  const expected = /^((da)?sh|children) \[pid \d+\]$/;
  assert.deepEqual(
    roots.filter((root) => !expected.test(root)),
    [],
  );
  const children = rootsOf(stacks.filter((stack) => chainPercent([stack], ['children::child_work']) > 0));
  assert.ok(children.length >= 15, `${children.length} children with samples`);
  assert.ok(children.every((root) => root.startsWith('children') && !root.includes(`${pid}]`)));
});

test('--split: a file for each root, together the whole', needsRoot, async () => {
  const folder = scratchDirectory();
  const outputs = ['-o', join(folder, 'out.svg'), '-o', join(folder, 'out.folded')];
  const args = ['--frequency', '997', '--split', ...outputs, '--', 'test', '-p', 'harnesses'];
  const request = { command: 'cargo-profile-bee', args, cwd: programsWorkspace() } as const;
  const { code, summary, stderr } = await runBee({ ...request, outputs: 'summary' });
  assert.equal(code, 0, stderr);
  const roots = ['harnesses', 'harnesses::first', 'harnesses::second'];
  const names = ['harnesses', 'harnesses-first', 'harnesses-second'];
  const files = ['folded', 'svg'].flatMap((format) => names.map((name) => `out-${name}.${format}`));
  assert.deepEqual(readdirSync(folder).sort(), files.sort());
  assert.deepEqual(summary!.outputs.map(({ root, format }) => `${root} ${format}`).sort(), [
    ...roots.flatMap((root) => [`${root} folded`, `${root} svg`]),
  ]);
  for (const { path, bytes } of summary!.outputs) {
    assert.equal(readFileSync(path).length, bytes);
    assert.ok(stderr.includes(`wrote ${path}`) || /wrote \S*out-/.test(stderr), stderr);
  }
  const folded = names.map((name) => parseFolded(readFileSync(join(folder, `out-${name}.folded`), 'utf8')));
  folded.forEach((stacks, index) => {
    assert.deepEqual(rootsOf(stacks), [roots[index]]);
  });
  assertAccounts(summary!, folded.flat());
  names.forEach((name, index) => {
    const svg = readFileSync(join(folder, `out-${name}.svg`), 'utf8');
    assert.match(svg, new RegExp(`class="title"[^>]*>[^<]*${roots[index]}<`));
  });
});

test('--split of one binary: its name in the file’s, and the stacks as they are', needsRoot, async () => {
  const folder = scratchDirectory();
  const args = ['--split', '-o', join(folder, 'out.folded'), '--', builtProgram('threads'), '--rounds', '20'];
  const { code, stderr } = await runBee({ command: 'profile-bee', args, outputs: 'summary' });
  assert.equal(code, 0, stderr);
  assert.deepEqual(readdirSync(folder), ['out-threads.folded']);
  const stacks = parseFolded(readFileSync(join(folder, 'out-threads.folded'), 'utf8'));
  assert.ok(!rootsOf(stacks).includes('threads'), String(rootsOf(stacks)));
});

test('--split into a folder that is not there: refused before the program runs', needsRoot, async () => {
  const marker = join(scratchDirectory(), 'marker');
  const args = ['--split', '--svg', '/absent/out.svg', '--', '/usr/bin/touch', marker];
  const { code, stderr, summary } = await runBee({ command: 'profile-bee', args, outputs: 'summary' });
  assert.equal(code, 2, stderr);
  assert.equal(summary?.exit.source, 'usage');
  assert.match(stderr, /cannot write \/absent\/out\.svg: the folder does not exist/);
  assert.throws(() => readFileSync(marker), /ENOENT/);
});

test('no test in what was asked to be grouped by test: it says so', needsRoot, async () => {
  const args = ['--group-by', 'test', '--', builtProgram('threads'), '--rounds', '20'];
  const { stacks, summary } = await profileWith({ command: 'profile-bee', args });
  assert.deepEqual(rootsOf(stacks), [OUTSIDE]);
  assert.ok(summary.problems.some(({ code }) => code === 'no-tests'));
});
