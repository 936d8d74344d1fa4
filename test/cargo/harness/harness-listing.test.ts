import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArtifact } from '../../../src/cargo/build/build.js';
import { harnessKind } from '../../../src/cargo/harness/harness-kind.js';
import {
  countSelected,
  type HarnessListing,
  listHarness,
} from '../../../src/cargo/harness/harness-listing.js';
import { cargoProject, manifest, offlineEnvironment } from '../cargo-project.js';

/** Each test of the project leaves a file behind, so that a listing that runs one is seen. */
const RUNS = 'fn run() { std::fs::write("ran", "").unwrap(); }';

const PROJECT = {
  'Cargo.toml': manifest('kinds', '[[test]]\nname = "own"\nharness = false\n[[bench]]\nname = "measures"'),
  'src/lib.rs': `#[cfg(test)] mod tests {
    ${RUNS}
    #[test] fn one() { run() }
    #[test] fn two() { run() }
    #[test] #[ignore] fn two_rests() { run() }
  }`,
  'tests/own.rs': `${RUNS} fn main() { println!("one: test"); run() }`,
  'benches/measures.rs': `#![feature(test)]
    extern crate test;
    ${RUNS}
    #[bench] fn bench_one(_: &mut test::Bencher) { run() }
    #[test] fn one_of_bench() { run() }`,
};

const directory = realpathSync(cargoProject({ after }, PROJECT));
const executables = builtHarnesses(directory);

/** By the names of their targets. libtest's benches are unstable. */
function builtHarnesses(cwd: string): Map<string, string> {
  const env = { ...offlineEnvironment(), RUSTC_BOOTSTRAP: '1' };
  const command = ['test', '--no-run', '--lib', '--tests', '--benches', '--message-format=json'];
  const lines = execFileSync('cargo', command, {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
  });
  const artifacts = lines.split('\n').flatMap((line) => parseArtifact(line) ?? []);
  return new Map(artifacts.map(({ targetName, executable }) => [targetName, executable]));
}

async function list(target: string, args: readonly string[], runner: readonly string[] = []) {
  const executable = executables.get(target)!;
  const argv = [...runner, executable, ...args];
  const listing = await listHarness({ argv, cwd: directory, env: process.env, executable });
  assert.equal(existsSync(join(directory, 'ran')), false, `${target} ${args.join(' ')} was run`);
  return listing;
}

function tests(listing: HarnessListing): string[] {
  assert.equal(listing.kind, 'listed', JSON.stringify(listing));
  assert.deepEqual(listing.benchmarks, []);
  return listing.tests;
}

const [ONE, TWO, RESTS] = ['tests::one', 'tests::two', 'tests::two_rests'] as const;
const SELECTIONS: [string, string[]][] = [
  ['', [ONE, TWO, RESTS]],
  ['two', [TWO, RESTS]],
  ['one two_rests', [ONE, RESTS]],
  ['absent', []],
  ['--exact tests::two', [TWO]],
  ['--skip one', [TWO, RESTS]],
  ['--ignored', [RESTS]],
  ['--include-ignored one', [ONE]],
  ['--nocapture --test-threads 1 one', [ONE]],
  ['-q one', [ONE]],
  ['--format pretty one', [ONE]],
  ['--format=pretty --color always one', [ONE]],
  ['--list one', [ONE]],
  ['-- one', [ONE]],
  ['--logfile ran one', [ONE]],
];
for (const [line, names] of SELECTIONS) {
  test(`libtest lists what "${line}" selects, and runs none`, async () => {
    const args = line.split(' ').filter((word) => word !== '');
    assert.deepEqual(tests(await list('kinds', args)), names);
  });
}

test('arguments that libtest refuses make it unknown, as its run fails', async () => {
  assert.deepEqual(await list('kinds', ['one', '--bogus']), {
    kind: 'unknown',
    reason: '--list ended with exit code 101',
  });
});

test('benchmarks of libtest; under --bench its tests do not count', async () => {
  const args = ['one', '--bench'];
  const listing = await list('measures', args);
  assert.deepEqual(listing, { kind: 'listed', tests: ['one_of_bench'], benchmarks: ['bench_one'] });
  assert.equal(countSelected(listing, args), 1);
  assert.equal(countSelected(listing, ['one']), 2);
  const units = await list('kinds', args);
  assert.deepEqual(tests(units), [ONE]);
  assert.equal(units.kind === 'listed' && countSelected(units, args), 0);
});

test("behind a runner of the user's", async () => {
  assert.deepEqual(tests(await list('kinds', ['one'], ['env', '-u', 'MARK'])), [ONE]);
  assert.equal((await list('kinds', ['one'], ['env', '--bogus'])).kind, 'unknown');
});

test('a harness of its own making is not run', async () => {
  const expected = { kind: 'unknown', reason: 'it is not known to answer --list' };
  assert.deepEqual(await list('own', ['one']), expected);
});

test('what is no word of the command, or cannot be read, is unknown', async () => {
  const env = process.env;
  const own = executables.get('own')!;
  const hidden = { argv: ['sh', '-c', `${own} one`], cwd: directory, env, executable: own };
  assert.match(reason(await listHarness(hidden)), /not a word/);
  const absent = join(directory, 'absent');
  assert.match(
    reason(await listHarness({ argv: [absent], cwd: directory, env, executable: absent })),
    /ENOENT/,
  );
});

test('kinds: libtest is not criterion, and its texts are found where two reads meet', async (t) => {
  const kinds = await Promise.all(
    ['kinds', 'measures', 'own'].map((name) => harnessKind(executables.get(name)!)),
  );
  assert.deepEqual(kinds, ['libtest', 'libtest', undefined]);
  const texts = ['measurement-time', 'profile-time', 'CRITERION_HOME'];
  const filler = Buffer.alloc((1 << 20) - 5);
  const file = join(scratch(t), 'file');
  writeFileSync(file, Buffer.concat(texts.flatMap((text) => [filler, Buffer.from(text)])));
  assert.equal(await harnessKind(file), 'criterion');
});

/** An executable with the texts of libtest that does something else. */
async function listScript(t: TestContext, lines: string, timeoutMs?: number) {
  const cwd = scratch(t);
  const executable = join(cwd, 'harness');
  writeFileSync(executable, `#!/bin/sh\n# include-ignored test-threads show-output\n${lines}\n`);
  chmodSync(executable, 0o755);
  const env = { ...process.env, MARK: 'a mark' };
  return { cwd, listing: await listHarness({ argv: [executable], cwd, env, executable }, timeoutMs) };
}

function scratch(t: TestContext): string {
  const path = realpathSync(mkdtempSync(join(tmpdir(), 'bee-harness-')));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

function reason(listing: HarnessListing): string {
  assert.equal(listing.kind, 'unknown', JSON.stringify(listing));
  return listing.reason;
}

test('it is asked in the directory and environment of the run, without input, as cargo-nextest asks', async (t) => {
  const { cwd, listing } = await listScript(t, 'echo "$MARK, $PWD, $NEXTEST, $(cat), $*: test"');
  assert.deepEqual(tests(listing), [`a mark, ${cwd}, 1, , --list --format terse`]);
});

test('names with spaces and colons, among other lines', async (t) => {
  const { listing } = await listScript(
    t,
    'printf "hello\\na: b test: test\\n\\nc d: benchmark\\ne: bench\\n2 tests\\n"',
  );
  assert.deepEqual(listing, { kind: 'listed', tests: ['a: b test'], benchmarks: ['c d', 'e'] });
});

test('an answer without a name is not a listing, an empty one is', async (t) => {
  assert.match(reason((await listScript(t, 'echo done')).listing), /names no test/);
  assert.deepEqual(tests((await listScript(t, 'exit 0')).listing), []);
});

test('a failure is not a listing, whatever it says', async (t) => {
  assert.match(reason((await listScript(t, 'echo "a: test"; exit 3')).listing), /exit code 3/);
  assert.match(reason((await listScript(t, 'echo "a: test"; kill -9 $$')).listing), /SIGKILL/);
});

test('a large answer is read whole', async (t) => {
  const { listing } = await listScript(t, 'seq -f "a name of some length %g: test" 200000');
  assert.equal(tests(listing).at(-1), 'a name of some length 200000');
});

test('no answer in time: what it started ends with it', { timeout: 60_000 }, async (t) => {
  const { cwd, listing } = await listScript(t, 'echo "a: test"; sleep 600 & echo $! > child; wait', 300);
  assert.match(reason(listing), /within 0.3 s/);
  await ended(Number(readFileSync(join(cwd, 'child'), 'utf8')));
});

test('what it leaves running does not delay the answer, and ends', { timeout: 60_000 }, async (t) => {
  const { cwd, listing } = await listScript(t, 'echo "a: test"; sleep 600 & echo $! > child');
  assert.deepEqual(tests(listing), ['a']);
  await ended(Number(readFileSync(join(cwd, 'child'), 'utf8')));
});

/** Gone, or a zombie that its new parent has not waited for. A signal arrives when it arrives. */
async function ended(pid: number): Promise<void> {
  const path = `/proc/${pid}/stat`;
  while (existsSync(path) && !/\) [ZX] /.test(readFileSync(path, 'utf8'))) await sleep(10);
}
