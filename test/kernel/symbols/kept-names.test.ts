import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { assertUnwoundWell } from '../results/assert-summary.js';
import { builtProgram } from '../running/fixture-programs.js';
import { needsRoot } from '../running/needs-root.js';
import { type ProfiledRun, profileWith } from '../running/run-bee.js';
import { scratchDirectory } from '../running/scratch-directory.js';

/** Long enough for the thread that names ahead to look at the samples a few times. */
const SERVER = ['--', builtProgram('server'), '--seconds', '3'];

async function profiled(caches: string, ...flags: string[]): Promise<ProfiledRun> {
  const args = ['--frequency', '997', ...flags, ...SERVER];
  const run = await profileWith({ command: 'profile-bee', args, env: { XDG_CACHE_HOME: caches } });
  assertUnwoundWell(run.summary);
  return run;
}

/** Functions on many stacks, by the name that the picture shows. */
function frequentFunctions({ stacks, summary }: ProfiledRun): string[] {
  const counts = new Map<string, number>();
  for (const { frames, count } of stacks)
    for (const name of new Set(frames)) counts.set(name, (counts.get(name) ?? 0) + count);
  return [...counts].filter(([, count]) => count > 0.05 * summary.samples.delivered).map(([name]) => name);
}

test(
  'names are looked up while the program runs, kept for the next run, and the same',
  needsRoot,
  async () => {
    const caches = scratchDirectory();
    const folder = join(caches, 'cargo-profile-bee', 'symbols');
    const first = await profiled(caches);
    const { names } = first.summary;
    assert.ok(names.ahead > 0, JSON.stringify(names));
    assert.ok(readdirSync(folder).length > 0);
    const { summary } = await profiled(caches, '--symbolize-at-exit');
    assert.equal(summary.names.ahead, 0);
    assert.ok(summary.names.fromDisk > 0, JSON.stringify(summary.names));
    const plain = await profiled(caches, '--symbolize-at-exit', '--symbol-cache', '0');
    const none = { ahead: 0, fromDisk: 0, resolved: 0, evicted: 0, damagedFiles: 0, unwrittenFiles: 0 };
    assert.deepEqual(plain.summary.names, none);
    const everywhere = new Set(first.stacks.flatMap(({ frames }) => frames));
    const frequent = frequentFunctions(plain);
    assert.ok(frequent.length > 5, frequent.join());
    assert.deepEqual(
      frequent.filter((name) => !everywhere.has(name)),
      [],
    );
    const share = ({ frames }: typeof summary) => frames.symbolized / frames.user;
    assert.ok(share(first.summary) > 0.98 && share(plain.summary) > 0.98);
  },
);

test('without a cache nothing is written', needsRoot, async () => {
  const caches = scratchDirectory();
  await profiled(caches, '--symbol-cache', '0');
  assert.ok(!existsSync(join(caches, 'cargo-profile-bee')));
});
