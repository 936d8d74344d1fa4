import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { parseArtifact } from '../../src/cargo/build/build.js';
import { harnessKind } from '../../src/cargo/harness/harness-kind.js';
import { countSelected, type HarnessListing, listHarness } from '../../src/cargo/harness/harness-listing.js';
import { assertChain, chainPercent } from '../kernel/results/assert-chain.js';
import { totalCount } from '../kernel/results/folded-stacks.js';
import { needsRoot } from '../kernel/running/needs-root.js';
import { repositoryRoot } from '../kernel/running/repository.js';
import { profileWith } from '../kernel/running/run-bee.js';
import { scratchDirectory } from '../kernel/running/scratch-directory.js';
import { cacheDirectory } from './cache-directory.js';

/** libtest's benches are unstable. */
const env = { ...process.env, NODE_TEST_CONTEXT: undefined, RUSTC_BOOTSTRAP: '1' };
/** In place: with `--locked` and a target folder of our own cargo writes nothing there. */
const workspace = join(repositoryRoot, 'fixtures/benches');
const CRITERION_HOME = join(scratchDirectory(), 'criterion');

let executables: Map<string, string>;
before(() => {
  executables = builtHarnesses();
});

/** By the names of their targets; optimized, as they are when profiled. */
function builtHarnesses(): Map<string, string> {
  const command = [
    'test',
    '--release',
    '--no-run',
    '--locked',
    '--tests',
    '--benches',
    '--message-format=json',
  ];
  const lines = execFileSync('cargo', [...command, '--target-dir', cacheDirectory('benches')], {
    cwd: workspace,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
    maxBuffer: 64 << 20,
  });
  const artifacts = lines.split('\n').flatMap((line) => parseArtifact(line) ?? []);
  return new Map(artifacts.map(({ targetName, executable }) => [targetName, executable]));
}

/** Criterion leaves a folder behind when it measures; here none may appear. */
async function list(target: string, args: readonly string[]): Promise<HarnessListing> {
  const executable = executables.get(target)!;
  const command = {
    argv: [executable, ...args],
    cwd: workspace,
    env: { ...env, CRITERION_HOME },
    executable,
  };
  const listing = await listHarness(command);
  assert.equal(existsSync(CRITERION_HOME), false, `${target} ${args.join(' ')} was run`);
  return listing;
}

test('each kind of harness is recognized in an optimized program', async () => {
  const kinds = {
    with_criterion: 'criterion',
    with_divan: 'divan',
    with_libtest: 'libtest',
    with_mimic: 'libtest',
    criterion_benches: 'libtest',
  };
  for (const [target, kind] of Object.entries(kinds)) {
    assert.equal(await harnessKind(executables.get(target)!), kind, target);
  }
});

const LISTINGS: { target: string; line: string; tests?: string[]; benchmarks?: string[] }[] = [
  { target: 'with_criterion', line: '--bench', benchmarks: ['squeeze', 'a group/stretch'] },
  { target: 'with_criterion', line: 'str --bench', benchmarks: ['a group/stretch'] },
  { target: 'with_criterion', line: '^sq --bench --profile-time 1', benchmarks: ['squeeze'] },
  { target: 'with_criterion', line: 'squeeze --test', benchmarks: ['squeeze'] },
  { target: 'with_criterion', line: '--exact stretch --bench' },
  { target: 'with_divan', line: 'squeeze --bench', benchmarks: ['with_divan::squeeze'] },
  {
    target: 'with_divan',
    line: '--skip squeeze --sample-count 3 --bench',
    benchmarks: ['with_divan::stretch::1', 'with_divan::stretch::2'],
  },
  { target: 'with_divan', line: 'squeeze --test', benchmarks: ['with_divan::squeeze'] },
  { target: 'with_divan', line: 'absent --bench' },
  {
    target: 'with_libtest',
    line: '--bench',
    tests: ['a_test_among_benches'],
    benchmarks: ['bench_squeeze', 'bench_stretch'],
  },
  { target: 'with_libtest', line: '--exact bench_squeeze --bench', benchmarks: ['bench_squeeze'] },
  { target: 'libtest_benches', line: 'repeats --bench', tests: ['tests::squeeze_repeats'] },
  {
    target: 'with_mimic',
    line: 'squeeze -q',
    tests: ['squeeze: small and large'],
    benchmarks: ['squeeze repeatedly'],
  },
  { target: 'with_mimic', line: '--format pretty --test-threads=1 stretch', tests: ['[slow] stretch'] },
  { target: 'with_mimic', line: 'absent' },
];
for (const { target, line, tests = [], benchmarks = [] } of LISTINGS) {
  test(`${target} ${line}: what it selects is listed, and not run`, async () => {
    assert.deepEqual(await list(target, line.split(' ')), { kind: 'listed', tests, benchmarks });
  });
}

test('under --bench only benchmarks count', async () => {
  const listing = await list('with_mimic', ['squeeze', '--bench']);
  assert.ok(listing.kind === 'listed');
  assert.equal(countSelected(listing, ['squeeze', '--bench']), 1);
  assert.equal(countSelected(listing, ['squeeze']), 2);
});

/** `cargo bench -p NAME FILTER` under the profiler, built once into the cache. */
function profiled(cargoArgs: readonly string[], program: readonly string[] = [], expectedCode = 0) {
  const separated = program.length > 0 ? ['--', ...program] : [];
  const args = ['--frequency', '997', '--', ...cargoArgs, '--locked', ...separated];
  const request = { env: { ...env, CARGO_TARGET_DIR: cacheDirectory('benches') }, timeoutMs: 600_000 };
  return profileWith({ command: 'cargo-profile-bee', args, cwd: workspace, ...request }, expectedCode);
}

for (const [name, target] of [
  ['criterion-benches', 'with_criterion'],
  ['divan-benches', 'with_divan'],
  ['libtest-benches', 'with_libtest'],
] as const) {
  test(`bench -p ${name} squeeze: only that benchmark, and only its harness`, needsRoot, async () => {
    const { stacks, summary } = await profiled(['bench', '-p', name, 'squeeze']);
    assertChain(stacks, ['subject::squeeze'], 50);
    assert.equal(chainPercent(stacks, ['subject::stretch']), 0);
    const [first, ...others] = summary.targets;
    assert.match(first?.argv[0] ?? '', new RegExp(`/${target}-`));
    assert.deepEqual(first?.argv.slice(1), ['squeeze', '--bench']);
    assert.deepEqual(others, []);
  });
}

test(
  'tango lists its benches under plain cargo bench: the run says so, and what to type',
  needsRoot,
  async () => {
    const { stacks, summary, stderr } = await profiled([
      'bench',
      '-p',
      'tango-benches',
      '--bench',
      'with_tango',
    ]);
    assert.ok(totalCount(stacks) < 20, `${totalCount(stacks)} samples`);
    assert.ok(
      summary.problems.some(({ code }) => code === 'nothing-measured'),
      stderr,
    );
    const [, line] = /cargo-profile-bee (.*) {3}measures them/.exec(stderr) ?? [];
    assert.ok(line?.endsWith(' bench -p tango-benches --bench with_tango --locked -- solo'), stderr);
    const measured = await profiled(['bench', '-p', 'tango-benches', '--bench', 'with_tango'], ['solo']);
    assertChain(measured.stacks, ['subject::squeeze'], 20);
    assert.ok(!measured.summary.problems.some(({ code }) => code === 'nothing-measured'));
  },
);

test('a filter for tango is put where tango wants it', needsRoot, async () => {
  // Tango takes the word for one of its commands.
  const typed = ['bench', '-p', 'tango-benches', '--bench', 'with_tango', 'squeeze'];
  const { stderr } = await profiled(typed, [], 2);
  assert.match(stderr, /--bench with_tango --locked -- solo --filter '\*squeeze\*' {3}measures them/);
  const measured = await profiled(
    ['bench', '-p', 'tango-benches', '--bench', 'with_tango'],
    ['solo', '--filter', '*squeeze*'],
  );
  assertChain(measured.stacks, ['subject::squeeze'], 50);
  assert.equal(chainPercent(measured.stacks, ['subject::stretch']), 0);
});

test('tests of libtest-mimic with spaces in their names', needsRoot, async () => {
  const { stacks, summary, stdout } = await profiled(['test', '-p', 'mimic-tests', 'small and']);
  assertChain(stacks, ['subject::squeeze'], 50);
  assert.match(stdout, /1 passed/);
  assert.equal(summary.targets.length, 1);
});
