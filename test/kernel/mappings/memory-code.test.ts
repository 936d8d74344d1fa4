import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { totalCount } from '../results/folded-stacks.js';
import { needsRoot } from '../running/needs-root.js';
import { type ProfiledRun, profileWith } from '../running/run-bee.js';
import { checkedUnwinding } from '../unwinding/check-unwinding.js';
import { mappingFixture, versionOfProgram } from './mapping-fixture.js';

async function profile(...args: string[]): Promise<ProfiledRun> {
  return await profileWith({ command: 'profile-bee', args: ['--frequency', '997', ...args] });
}

/** Of samples whose stack is whole and has these functions. */
function share({ stacks }: ProfiledRun, ...chain: string[]): number {
  const own = stacks.filter(({ frames }) => frames.join(';').includes(chain.join(';')));
  return totalCount(own.filter(({ frames }) => frames[0] === '_start')) / totalCount(stacks);
}

test('a program that is executed from memory has its names and its table', needsRoot, async () => {
  const run = await profile('--', mappingFixture('runs-from-memory'), versionOfProgram(1));
  assert.ok(share(run, 'main', 'work_for', 'frame_of_1', 'leaf_of_1') > 0.97, run.foldedText.slice(0, 2_000));
});

test('one without names is shown by the name of its memory', needsRoot, async () => {
  const stripped = versionOfProgram(1, { flags: ['-s'] });
  const { stacks } = await profile('--', mappingFixture('runs-from-memory'), stripped);
  const own = stacks.filter(({ frames }) => frames.some((frame) => frame.startsWith('[memfd:packed+0x')));
  assert.ok(totalCount(own) > 0.95 * totalCount(stacks), JSON.stringify(stacks.slice(0, 5)));
});

for (const mode of ['filled', 'early'])
  test(`text that was moved into other memory (${mode}) is the file’s still`, needsRoot, async () => {
    const run = await profile('--', mappingFixture('moved-text', '-fno-toplevel-reorder'), mode);
    const [first, second] = [share(run, 'main', 'first_moved'), share(run, 'main', 'second_moved')];
    assert.ok(first > 0.3 && second > 0.3 && first + second > 0.95, `${first} ${second}`);
  });

test('a page of it with other bytes is not', needsRoot, async () => {
  const run = await profile('--', mappingFixture('moved-text', '-fno-toplevel-reorder'), 'partly');
  assert.ok(share(run, 'main', 'first_moved') > 0.3, run.foldedText.slice(0, 2_000));
  assert.equal(share(run, 'main', 'second_moved'), 0);
});

test('code that was made where text lay has none of its names', needsRoot, async () => {
  const { foldedText } = await profile(
    '--',
    mappingFixture('moved-text', '-fno-toplevel-reorder'),
    'otherwise',
  );
  assert.doesNotMatch(foldedText, /_moved/);
});

test('text that was moved before anybody watched is found by what lies around it', needsRoot, async () => {
  const program = spawn(mappingFixture('moved-text', '-fno-toplevel-reorder'), ['filled', '20']);
  await sleep(300);
  const run = await profile('--duration', '1.5', '--pid', String(program.pid));
  program.kill('SIGKILL');
  const moved = share(run, 'main', 'first_moved') + share(run, 'main', 'second_moved');
  assert.ok(moved > 0.95, run.foldedText.slice(0, 2_000));
});

test('a second unwinder agrees about code in memory', needsRoot, async () => {
  const moved = mappingFixture('moved-text', '-fno-toplevel-reorder');
  const packed = [mappingFixture('runs-from-memory'), versionOfProgram(1)];
  for (const command of [packed, [moved, 'filled'], [moved, 'partly']]) {
    const { checked } = await checkedUnwinding(command);
    assert.ok(checked > 30, `${checked} checked`);
  }
});
