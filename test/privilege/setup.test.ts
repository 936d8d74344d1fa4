import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { before, test } from 'node:test';
import { type BeeUser, makeBeeUser } from '../kernel/running/bee-user.js';
import { INSTALL_ROOT, setUpSampler } from '../kernel/running/installed-sampler.js';
import { withKernelSetting } from '../kernel/running/kernel-setting.js';
import { needsRoot } from '../kernel/running/needs-root.js';
import { type BeeRequest, type BeeRun, runBee } from '../kernel/running/run-bee.js';
import { scratchDirectory } from '../kernel/running/scratch-directory.js';
import { spinProgram } from './burning-process.js';
import { installedPath } from './installed-path.js';

let ann: BeeUser;

before(() => {
  if (!needsRoot.skip) ann = makeBeeUser('a');
});

async function setup(args: readonly string[], more: Partial<BeeRequest> = {}): Promise<BeeRun> {
  return await runBee({ command: 'profile-bee', args: ['setup', ...args], outputs: 'none', ...more });
}

test('root’s copy, its capabilities, and who may start it', needsRoot, async () => {
  setUpSampler('--user', ann.name);
  const path = installedPath();
  const { uid, gid, mode } = statSync(path);
  assert.deepEqual([uid, gid, mode & 0o7777], [0, 0, 0o750]);
  const capabilities = execFileSync('getcap', [path], { encoding: 'utf8' });
  assert.match(
    capabilities,
    / cap_dac_read_search,cap_sys_ptrace,cap_syslog,cap_perfmon,cap_bpf,cap_checkpoint_restore=ep\n$/,
  );
  for (const folder of [dirname(path), INSTALL_ROOT]) assert.equal(statSync(folder).mode & 0o777, 0o755);
  assert.equal((await setup(['--status'], { as: ann })).code, 0);
});

test('a setting of Debian’s and Ubuntu’s kernels that makes it useless is named', needsRoot, async () => {
  const install = () => setup(['--user', ann.name, '--yes']);
  const told = await withKernelSetting('perf_event_paranoid', 3, install);
  assert.match(told.stderr, /perf_event_paranoid is 3: .*sudo sysctl kernel\.perf_event_paranoid=2/);
  const usual = await withKernelSetting('perf_event_paranoid', 2, install);
  assert.equal(usual.code, 0, usual.stderr);
  assert.doesNotMatch(usual.stderr, /paranoid/);
});

test('a group: its members may, others may not', needsRoot, async () => {
  const group = `bee-test-${process.pid}`;
  execFileSync('groupadd', [group]);
  process.on('exit', () => execFileSync('groupdel', [group], { stdio: 'ignore' }));
  setUpSampler('--group', group);
  const outside = await setup(['--status'], { as: ann });
  assert.equal(outside.code, 77);
  assert.match(outside.stdout, new RegExp(`not for you[\\s\\S]*members of ${group}`));
  execFileSync('usermod', ['-aG', group, ann.name]);
  assert.equal((await setup(['--status'], { as: ann })).code, 0);
});

test('another version is said, offered, and replaced; who may start it stays', needsRoot, async () => {
  setUpSampler('--user', ann.name, '--kernel-frames');
  renameSync(dirname(installedPath()), join(INSTALL_ROOT, '0.0.1'));
  appendFileSync(installedPath(), 'older');
  const status = await setup(['--status'], { as: ann });
  assert.equal(status.code, 77);
  assert.match(status.stdout, /0\.0\.1.*another version: setup replaces it/);
  const refused = await runBee({
    command: 'profile-bee',
    args: ['--', spinProgram(), '--seconds', '0.1'],
    as: ann,
    outputs: 'none',
  });
  assert.equal(refused.code, 77);
  assert.match(refused.stderr, /profile-bee setup .*version 0\.0\.1 is installed, not this one/);
  const replaced = await setup(['--yes']);
  assert.match(replaced.stderr, /replaces .*0\.0\.1/);
  assert.deepEqual(readdirSync(INSTALL_ROOT).length, 1);
  const after = await setup(['--status'], { as: ann });
  assert.equal(after.code, 0, after.stdout);
  assert.match(after.stdout, /kernel frames\s+yes/);
});

test('bounds: shown, told before anything starts, and none of root’s', needsRoot, async () => {
  setUpSampler('--user', ann.name);
  const usual = await setup(['--status'], { as: ann });
  assert.match(usual.stdout, /up to 10000 samples per second and \d+ MB of kernel memory/);
  setUpSampler('--max-frequency', '2000', '--max-memory', '100');
  for (const args of [['setup', '--status'], ['doctor']]) {
    const shown = await runBee({ command: 'profile-bee', args, as: ann, outputs: 'none' });
    assert.match(shown.stdout, /up to 2000 samples per second and 100 MB/);
  }
  const mark = join(scratchDirectory(), 'started');
  const over = (flag: string, value: string): BeeRequest => ({
    command: 'profile-bee',
    args: [flag, value, '--', 'touch', mark],
  });
  const says = [
    { request: over('--frequency', '2001'), says: /takes 2001 .* 2000[\s\S]*setup --max-frequency 2001/ },
    { request: over('--table-memory', '90'), says: /takes 1\d\d MB .* 100[\s\S]*setup --max-memory MB/ },
  ];
  for (const { request, says: expected } of says) {
    const run = await runBee({ ...request, as: ann });
    assert.equal(run.code, 77, run.stderr);
    assert.match(run.stderr, expected);
    assert.equal(run.summary?.exit.source, 'privilege');
    assert.ok(!existsSync(mark));
    assert.equal((await runBee(request)).code, 0);
    rmSync(mark);
  }
  setUpSampler('--max-frequency', 'usual', '--max-memory', 'usual');
  for (const value of ['0', '-1', '1.5', 'much', '4294967296']) {
    const run = await setup([`--max-frequency=${value}`]);
    assert.equal(run.code, 2, run.stderr);
    assert.match(run.stderr, /choose a whole number of 1 or more, or usual/);
  }
});

test('what cannot be done says what to type', needsRoot, async () => {
  setUpSampler('--user', ann.name);
  await setup(['--uninstall', '--yes']);
  assert.ok(!existsSync(INSTALL_ROOT));
  const cases = [
    { args: [], as: ann, code: 2, says: /no terminal to ask on[\s\S]*setup --yes/ },
    { args: ['--yes'], code: 2, says: /setup needs --user or --group[\s\S]*--user NAME/ },
    { args: ['--user', 'nobody-of-that-name'], code: 2, says: /no user nobody-of-that-name/ },
    { args: ['--group', 'no-such-group'], code: 2, says: /no group no-such-group[\s\S]*groupadd/ },
    { args: ['--everybody'], code: 2, says: /--everybody[\s\S]*setup --help/ },
    { args: ['--yes'], as: ann, code: 77, says: /sudo exited[\s\S]*as root: / },
  ];
  for (const { args, as, code, says } of cases) {
    const run = await setup(args, { ...(as === undefined ? {} : { as }), env: { SUDO_USER: undefined } });
    assert.equal(run.code, code, `${args}: ${run.stderr}`);
    assert.match(run.stderr, says);
  }
  assert.ok(!existsSync(INSTALL_ROOT));
});
