import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { test } from 'node:test';
import { totalCount } from './folded-stacks.js';
import { needsRoot } from './needs-root.js';
import { withMounts } from './own-mounts.js';
import { profileWith } from './run-bee.js';
import { scratchDirectory } from './scratch-directory.js';
import { fixtureSource } from './unwinding-fixture.js';

const SOURCE = readFileSync(fixtureSource('named-jit.js'), 'utf8');
const NODE = [process.execPath, '--perf-basic-prof', '-e', SOURCE];
/** A /tmp and pids of its own, as in a container. */
const ELSEWHERE = ['unshare', '--pid', '--fork', '--kill-child', ...withMounts('mount -t tmpfs none /tmp')];

for (const { where, command } of [
  { where: 'here', command: NODE },
  { where: 'in namespaces of its own', command: [...ELSEWHERE, ...NODE] },
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

async function started(command: readonly string[]): Promise<ChildProcess> {
  // V8 also writes a log, to the current folder.
  const cwd = scratchDirectory();
  const child = spawn(command[0]!, command.slice(1), { cwd, stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout!, 'data');
  return child;
}

/** The process itself, or what unshare has forked. */
function nodeOf(pid: number): number {
  const children = execFileSync('sh', ['-c', `cat /proc/${pid}/task/${pid}/children`], { encoding: 'utf8' });
  return Number(children.trim() || pid);
}
