import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { totalCount } from '../results/folded-stacks.js';
import { needsRoot } from '../running/needs-root.js';
import { type ProfiledRun, profileWith } from '../running/run-bee.js';
import { scratchDirectory } from '../running/scratch-directory.js';
import { checkedUnwinding } from '../unwinding/check-unwinding.js';
import { mappingFixture, versionOfPlugin } from './mapping-fixture.js';

const PLUGINS = 600;
/** Every sample may come before its mapping on a busy machine, and so many a second are unwound afterwards. */
const RATE = '199';

/** Each a file of its own. */
function folderOfPlugins(): string {
  const folder = scratchDirectory();
  const plugin = versionOfPlugin(1, '-Wl,--build-id=none');
  for (let index = 0; index < PLUGINS; index++) copyFileSync(plugin, join(folder, `${index}.so`));
  return folder;
}

async function profile(command: readonly string[], through: readonly string[] = []): Promise<ProfiledRun> {
  const args = ['--frequency', RATE, '--', ...command];
  return await profileWith({ command: 'profile-bee', args, through });
}

function assertWhole({ summary, stacks, stderr }: ProfiledRun, leaf: RegExp): void {
  const user = summary.stacks.user - (summary.stacks.incomplete.exiting ?? 0);
  assert.ok(summary.stacks.complete > 0.95 * user, `${JSON.stringify(summary.stacks)} ${stderr}`);
  assert.ok(totalCount(stacks.filter(({ frames }) => leaf.test(frames.join(';')))) > 60, stderr);
  assert.ok(stderr.split('\n').filter((line) => line.startsWith('warning')).length < 5, stderr);
}

for (const descriptors of [20_000, 256])
  test(`${PLUGINS} plugins are whole and named, with ${descriptors} descriptors`, needsRoot, async () => {
    const limit = ['prlimit', `--nofile=${descriptors}:${descriptors}`];
    const run = await profile([mappingFixture('loads-plugins'), folderOfPlugins(), String(PLUGINS)], limit);
    assertWhole(run, /work_for;frame_of_1;leaf_of_1/);
    const codes = run.summary.problems.map(({ code }) => code);
    assert.ok(!codes.includes('unreadable-object') && !codes.includes('too-many-processes'), run.stderr);
  });

test('thousands of pages of code that was made at run time are whole', needsRoot, async () => {
  assertWhole(await profile([mappingFixture('code-pages'), '3000']), /main;\[unknown\]/);
});

test('more of them than a process may have are taken together, and not told of', needsRoot, async () => {
  const run = await profile([mappingFixture('code-pages'), '6000']);
  assertWhole(run, /main;\[unknown\]/);
  assert.ok(!run.summary.problems.some(({ code }) => code === 'too-many-mappings'));
});

test('a second unwinder agrees while mappings come by the hundred', needsRoot, async () => {
  const plugins = [mappingFixture('loads-plugins'), folderOfPlugins(), String(PLUGINS)];
  for (const command of [plugins, [mappingFixture('code-pages'), '2000']]) {
    const { checked } = await checkedUnwinding(command, '--frequency', '499');
    assert.ok(checked > 50, `${checked} checked`);
  }
});
