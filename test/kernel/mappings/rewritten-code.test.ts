import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { totalCount } from '../results/folded-stacks.js';
import { needsRoot } from '../running/needs-root.js';
import { type ProfiledRun, profileWith } from '../running/run-bee.js';
import { scratchDirectory } from '../running/scratch-directory.js';
import { checkedUnwinding } from '../unwinding/check-unwinding.js';
import { mappingFixture, versionOfPlugin, versionOfProgram } from './mapping-fixture.js';

const VERSIONS = [1, 2, 3] as const;

async function profile(...command: string[]): Promise<ProfiledRun> {
  return await profileFor(undefined, ...command);
}

async function profileFor(seconds: string | undefined, ...command: string[]): Promise<ProfiledRun> {
  const args = ['--frequency', '997', '--', ...command];
  return await profileWith({ command: 'profile-bee', args, env: { SECONDS: seconds } });
}

/** Of samples below a version's own frames. */
function share({ stacks }: ProfiledRun, version: number): number {
  const chain = `frame_of_${version};leaf_of_${version}`;
  const own = stacks.filter(({ frames }) => frames.join(';').includes(chain));
  return totalCount(own) / totalCount(stacks);
}

/** Each version has worked for as much CPU time as every other. */
function assertEqualShares(run: ProfiledRun, least = 0.29): void {
  const shares = VERSIONS.map((version) => share(run, version));
  assert.ok(
    shares.every((of) => of > least && of < 0.38),
    `shares ${shares.map((of) => of.toFixed(3))}`,
  );
  assert.equal(run.summary.frames.stale, 0);
}

/** A loop that compiles and runs, without the compiler. */
function copyAndRun(programs: readonly string[], copy: string): string[] {
  const program = join(scratchDirectory(), 'program');
  const turns = programs.map((version) => `${copy} ${version} ${program} && ${program}`);
  return ['/bin/sh', '-ec', turns.join('\n')];
}

test('a program that is written again between two runs has its own names in each', needsRoot, async () => {
  const programs = VERSIONS.map((version) => versionOfProgram(version));
  const run = await profile(...copyAndRun(programs, 'cp'));
  assertEqualShares(run);
  assert.ok(run.summary.stacks.complete > 0.98 * run.summary.stacks.user, JSON.stringify(run.summary.stacks));
});

test('also when neither size nor time nor a build id tells the versions apart', needsRoot, async () => {
  const flags = ['-Wl,--build-id=none'];
  const programs = VERSIONS.map((version) => versionOfProgram(version, { seconds: 0.1, flags }));
  const script = 'turn() { cat $1 > $2; chmod +x $2; touch -d @0 $2; }';
  const [shell = '', option = '', turns = ''] = copyAndRun([...programs, ...programs, ...programs], 'turn');
  assertEqualShares(await profile(shell, option, `${script}\n${turns}`), 0.26);
});

for (const mode of ['copy', 'under', 'memory'])
  test(`a plugin that is loaded anew (${mode}) has the names of each version`, needsRoot, async () => {
    const live = mode === 'memory' ? 'plugin' : join(scratchDirectory(), 'live.so');
    // Under a mapping each function has to stay where it is, and is not called through what the first has relocated.
    const flags = mode === 'under' ? ['-UFRAME', '-DFRAME=200', '-Wl,-Bsymbolic'] : [];
    const plugins = VERSIONS.map((version) => versionOfPlugin(version, ...flags));
    const run = await profile(mappingFixture('reloads'), live, mode, ...plugins);
    assertEqualShares(run);
  });

/** Larger than what is copied; in little time it is gone before anybody has looked for names in it. */
async function profileLargeReloads(seconds: string): Promise<ProfiledRun> {
  const live = join(scratchDirectory(), 'live.so');
  const plugins = VERSIONS.map((version) => versionOfPlugin(version, `-DPADDING=${65 << 20}`));
  return await profileFor(seconds, mappingFixture('reloads'), live, 'copy', ...plugins);
}

test('what was too large to be copied is marked, counted and told of', needsRoot, async () => {
  const run = await profileLargeReloads('0.15');
  const { stacks, summary } = run;
  const replaced = stacks.filter(({ frames }) =>
    frames.some((frame) => frame.startsWith('[live.so:replaced+0x')),
  );
  const gone = totalCount(replaced);
  assert.ok(
    gone > 100 && summary.frames.stale >= 2 * gone,
    `${gone} samples, ${summary.frames.stale} frames`,
  );
  const last = share(run, 3) * totalCount(stacks);
  assert.ok(last > 100 && last < 220, `${last} samples of the last`);
  const told = summary.problems.filter(({ code }) => code === 'file-replaced');
  assert.equal(told.length, 1, JSON.stringify(summary.problems));
  assert.match(told[0]!.message, /live\.so/);
});

test('names that were looked up in time stay where the file is gone', needsRoot, async () => {
  const run = await profileLargeReloads('1.2');
  assert.ok(share(run, 1) > 0.25, `${share(run, 1)}: the first look is after a quarter of a second`);
  assert.ok(share(run, 3) > 0.25, `${share(run, 3)}: the last is there`);
});

test('a second unwinder agrees about code that is written again', needsRoot, async () => {
  const live = join(scratchDirectory(), 'live.so');
  const plugins = VERSIONS.map((version) => versionOfPlugin(version));
  for (const mode of ['copy', 'memory']) {
    const { checked } = await checkedUnwinding([mappingFixture('reloads'), live, mode, ...plugins]);
    assert.ok(checked > 100, `${checked} checked`);
  }
});
