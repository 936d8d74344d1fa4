import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { setKernelSetting } from '../running/kernel-setting.js';
import { needsRoot } from '../running/needs-root.js';
import { copyForEverybody } from '../running/repository.js';
import { runBee } from '../running/run-bee.js';
import { scratchDirectory } from '../running/scratch-directory.js';
import { asUser } from './hostile-room.js';
import { UNFIT_ROOMS } from './unfit-rooms.js';

for (const { what, needs = needsRoot, through, code, problem, says, advises } of UNFIT_ROOMS) {
  test(`${what}: exit ${code}, the one thing that is wrong, and what to type`, needs, async () => {
    const args = ['--', '/bin/true'];
    const run = await runBee({ command: 'profile-bee', args, through: through(), outputs: 'summary' });
    assert.equal(run.code, code, run.stderr);
    assert.equal(run.stderr.match(/error:/g)?.length, 1, run.stderr);
    assert.match(run.stderr, says);
    assert.match(run.stderr, advises);
    assert.deepEqual(
      run.summary?.problems.map((entry) => entry.code),
      [problem],
    );
    assert.equal(run.summary?.exit.source, code === 77 ? 'privilege' : 'profiler');
    assert.deepEqual(run.leftBehind, []);
  });
}

/** A folder that any user may write to, with the commands in it. */
function commonRoom(): string {
  const directory = copyForEverybody(scratchDirectory());
  mkdirSync(join(directory, 'work'), { mode: 0o777 });
  chmodSync(join(directory, 'work'), 0o777);
  return directory;
}

test(
  'a user with cap_bpf and cap_perfmon profiles; with cap_bpf alone it is said what is missing',
  needsRoot,
  async () => {
    const packageRoot = commonRoom();
    const common = {
      command: 'profile-bee',
      args: ['--', '/bin/true'],
      outputs: 'none',
      packageRoot,
    } as const;
    const request = { ...common, cwd: '/', env: { TMPDIR: join(packageRoot, 'work') } };
    const allowed = await runBee({ ...request, through: asUser('bpf', 'perfmon') });
    assert.equal(allowed.code, 0, allowed.stderr);
    const refused = await runBee({ ...request, through: asUser('bpf') });
    assert.equal(refused.code, 77, refused.stderr);
    assert.match(refused.stderr, /, and this process lacks cap_perfmon\n {2}sudo /);
  },
);

test('a user who may not gain privileges is not sent to sudo', needsRoot, async () => {
  const run = await runBee({
    command: 'profile-bee',
    args: ['--', '/bin/true'],
    outputs: 'none',
    cwd: '/',
    packageRoot: commonRoom(),
    through: [...asUser().slice(0, -1), '--no-new-privs', '--'],
  });
  assert.equal(run.code, 77, run.stderr);
  assert.match(run.stderr, /no_new_privs/);
  assert.doesNotMatch(run.stderr, /sudo -E/);
});

test(
  'a second profiler of a user whose locked memory is used up: 77, and the limit is named',
  needsRoot,
  async () => {
    setKernelSetting('perf_event_paranoid', 2); // below 0 nobody's locked memory is counted
    setKernelSetting('perf_event_mlock_kb', 516);
    const packageRoot = commonRoom();
    const through = ['prlimit', '--memlock=0:0', ...asUser('bpf', 'perfmon')];
    const common = { command: 'profile-bee', outputs: 'none', packageRoot, through } as const;
    const request = { ...common, cwd: '/', env: { TMPDIR: join(packageRoot, 'work') } };
    const mark = join(packageRoot, 'work', 'runs');
    const script = `touch ${mark}; while [ -e ${mark} ]; do sleep 0.1; done`;
    const first = runBee({ ...request, args: ['--', '/bin/sh', '-c', script] });
    while (!existsSync(mark)) await sleep(50);
    const second = await runBee({ ...request, args: ['--', '/bin/true'] });
    rmSync(mark);
    assert.equal((await first).code, 0, (await first).stderr);
    assert.equal(second.code, 77, second.stderr);
    assert.match(second.stderr, /lock for perf events is used up \(kernel\.perf_event_mlock_kb is \d+\)/);
    assert.match(second.stderr, /ulimit -l unlimited/);
  },
);
