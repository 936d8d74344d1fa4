import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, before, test } from 'node:test';
import type { Summary } from '../kernel/results/summary.js';
import { type BeeUser, directoryOf, makeBeeUser } from '../kernel/running/bee-user.js';
import { builtProgram } from '../kernel/running/fixture-programs.js';
import { setUpSampler } from '../kernel/running/installed-sampler.js';
import { withKernelSetting } from '../kernel/running/kernel-setting.js';
import { needsRoot } from '../kernel/running/needs-root.js';
import { needsUserNamespaces } from '../kernel/running/own-mounts.js';
import { type BeeRequest, profileWith, runBee } from '../kernel/running/run-bee.js';
import { readProc, startBee, untilTrue } from '../kernel/running/running-bee.js';
import { scratchDirectory } from '../kernel/running/scratch-directory.js';
import { separateDebugFile } from '../kernel/symbols/separated-debug-file.js';
import { compiledFixture } from '../kernel/unwinding/unwinding-fixture.js';
import { burningProcess, spinProgram, stopBurning } from './burning-process.js';
import { asUser } from './conversation.js';

let ann: BeeUser;
let bob: BeeUser;
let plain: string;

afterEach(stopBurning);
before(() => {
  if (needsRoot.skip) return;
  [ann, bob] = [makeBeeUser('a'), makeBeeUser('b')];
  setUpSampler('--user', ann.name, '--user', bob.name);
  plain = spinProgram();
});

function request(args: readonly string[]): BeeRequest {
  return { command: 'profile-bee', args: ['--frequency', '997', ...args], as: ann };
}

test('one’s own process, by pid: sampled, as the user, without kernel frames', needsRoot, async () => {
  const pid = await burningProcess(ann);
  const { summary, stacks } = await profileWith(request(['--pid', String(pid), '--time', '1000']));
  assert.equal(summary.elevation, 'setup');
  assertWellSampled(summary);
  assert.equal(summary.frames.kernel, 0);
  assert.ok(!stacks.some(({ frames }) => frames.some((name) => name.endsWith('_[k]'))));
});

/** Also where others keep the machine busy. */
function assertWellSampled({ samples }: Summary): void {
  const isMost = samples.delivered > 0.9 * samples.expected;
  assert.ok(samples.delivered > 50 && isMost, JSON.stringify(samples));
}

test('somebody else’s process, or one that hides its memory: 77, and why', needsRoot, async () => {
  const hidden = spinProgram({ mode: 0o711 }); // what cannot be read is not dumpable when it runs
  for (const pid of [await burningProcess(bob), await burningProcess(ann, hidden)]) {
    const run = await runBee(request(['--pid', String(pid), '--time', '300']));
    assert.equal(run.code, 77, run.stderr);
    assert.match(run.stderr, /belongs to another user, has privileges of its own .*, or hides its memory/);
    assert.equal(run.foldedText ?? '', '');
    assert.deepEqual(run.leftBehind, []);
  }
});

test('somebody else’s process among several is refused, and named', needsRoot, async () => {
  const [own, foreign] = [await burningProcess(ann), await burningProcess(bob)];
  const run = await runBee(request(['-p', `${own},${foreign}`, '--time', '300']));
  assert.equal(run.code, 77, run.stderr);
  assert.match(run.stderr, new RegExp(`cannot profile process ${foreign}: it belongs to another user`));
  assert.equal(run.foldedText ?? '', '');
});

test(
  'of children that run already one’s own are profiled, and others are named and left out',
  needsRoot,
  async () => {
    const become = ({ uid, gid }: BeeUser) => `setpriv --reuid=${uid} --regid=${gid} --init-groups`;
    const burn = `sh -c 'exec "$0" --seconds 60' ${plain}`;
    const script = `${become(bob)} ${burn} & ${become(ann)} ${burn} & exec ${become(ann)} sleep 60`;
    const family = spawn('sh', ['-c', script], { stdio: 'ignore', detached: true });
    const names = () => childrenOf(family.pid!).map((pid) => readProc(pid, 'comm').trim());
    await untilTrue(
      'both burn',
      () => names().join() === 'spin,spin' && readProc(family.pid!, 'comm') === 'sleep\n',
    );
    const [foreign, own] = childrenOf(family.pid!);
    const run = request(['-p', String(family.pid), '--time', '1000', '--group-by', 'process']);
    const { summary, stacks } = await profileWith(run).finally(() => process.kill(-family.pid!, 'SIGKILL'));
    assert.deepEqual([...new Set(stacks.map(({ frames }) => frames[0]))], [`spin [pid ${own}]`]);
    const leftOut = summary.problems.filter(({ code }) => code === 'left-out');
    assert.match(leftOut[0]?.message ?? '', new RegExp(`another user .*: ${foreign} \\(spin\\)$`));
  },
);

function childrenOf(pid: number): number[] {
  return readProc(pid, `task/${pid}/children`).trim().split(' ').map(Number);
}

const children = [
  { name: 'setuid', options: { mode: 0o4755 } },
  { name: 'setgid', options: { mode: 0o2755 } },
  { name: 'with a file capability', options: { capability: 'cap_net_raw=ep' } },
  { name: 'that cannot be read', options: { mode: 0o711 } },
];
for (const { name, options } of children) {
  test(`a child program ${name} is left out, and its sibling is not`, needsRoot, async () => {
    const child = spinProgram(options);
    const script = `${child} --seconds 1; ${plain} --seconds 0.5`;
    const { summary, stacks } = await profileWith(request(['--', '/bin/sh', '-c', script]));
    const burning = stacks.filter(({ frames }) => frames.some((frame) => frame.startsWith('spin::')));
    const count = burning.reduce((sum, stack) => sum + stack.count, 0);
    assert.ok(count > 300 && count < 700, `${count} samples, where the sibling alone is worth 500`);
    const said = summary.problems.filter(({ code }) => code === 'left-out').map(({ message }) => message);
    assert.match(said.join(), /1 process with other rights/);
  });
}

test('what a left-out program starts is left out, whoever it becomes', needsRoot, async () => {
  // A setuid helper of root's that becomes the user again, as `sudo -u $USER` is.
  const helper = setuidHelper();
  const script = `${helper} ${plain} --seconds 1; ${plain} --seconds 0.5`;
  const { summary, stacks } = await profileWith(request(['--', '/bin/sh', '-c', script]));
  const burning = stacks.filter(({ frames }) => frames.some((frame) => frame.startsWith('spin::')));
  const count = burning.reduce((sum, stack) => sum + stack.count, 0);
  assert.ok(count > 300 && count < 700, `${count} samples, where the sibling alone is worth 500`);
  assert.ok(summary.problems.some(({ code }) => code === 'left-out'));
});

function setuidHelper(): string {
  const directory = scratchDirectory();
  chmodSync(directory, 0o755);
  const path = join(directory, 'helper');
  const source = `#include <unistd.h>
int main(int count, char **arguments) {
  return setresuid(getuid(), getuid(), getuid()) || execv(arguments[1], arguments + 1);
}`;
  execFileSync('gcc', ['-x', 'c', '-o', path, '-'], { input: source });
  chmodSync(path, 0o4755);
  return path;
}

test(
  'in namespaces of its own, with another’s file bound over a library: nothing of it is read',
  needsUserNamespaces,
  async () => {
    const secret = join(directoryOf(bob, 0o711), 'private.so');
    copyFileSync('/bin/true', secret);
    execFileSync('chown', [`${bob.uid}:${bob.gid}`, secret]);
    chmodSync(secret, 0o600);
    const library = execFileSync('ldd', [plain], { encoding: 'utf8' }).match(/(\/\S+libc\.so\.6)/)![1]!;
    // Bound after the program has mapped the library, so that path and mapping differ.
    const script = `${plain} --seconds 2 & sleep 0.3; mount --bind ${secret} ${library}; wait`;
    const namespaces = ['unshare', '--user', '--map-root-user', '--mount', '/bin/bash', '-c', script];
    const run = await runBee(request(['--', ...namespaces]));
    assert.equal(run.code, 0, run.stderr);
    const burning = (run.foldedText ?? '').split('\n').filter((line) => line.includes('spin::'));
    assert.deepEqual(burning, [], 'another user namespace is not the user’s own');
    assert.match(run.stderr, /left out/);
  },
);

test('a debug file is read with the user’s rights, and not with the sampler’s', needsRoot, async () => {
  const flags = ['-g', '-fomit-frame-pointer', '-fno-asynchronous-unwind-tables', '-fno-unwind-tables'];
  const program = compiledFixture('call-chain', ...flags, '-Wl,--build-id=none');
  const debugFile = separateDebugFile(program);
  chmodSync(dirname(program), 0o755);
  const completeShare = async (mode: number) => {
    chmodSync(debugFile, mode);
    const { stacks } = (await profileWith(request(['--', program]))).summary;
    assert.ok(stacks.user > 50, JSON.stringify(stacks));
    return stacks.complete / stacks.user;
  };
  assert.ok((await completeShare(0o644)) > 0.95);
  assert.ok((await completeShare(0o600)) < 0.05, 'its unwind tables come from a file of root’s own');
});

test('another’s gate: it cannot be reached, and the program runs without a profile', needsRoot, async () => {
  const running = startBee({ ...request(['--', plain, '--seconds', '4']), as: bob });
  const sockets = join(running.scratch, 'tmp');
  const gate = () => readdirSync(sockets).map((folder) => join(sockets, folder, 'gate'))[0];
  await untilTrue('the gate is there', () => gate() !== undefined && readdirSync(sockets).length > 0);
  await untilTrue('bob’s program runs', () => hasChildNamed(running.pid, 'spin'));
  for (const folder of [running.scratch, sockets]) chmodSync(folder, 0o755); // as /tmp is
  const beeGate = join(ann.packageRoot, 'prebuilds/linux-x64/bee-gate');
  const { status, stderr } = spawnSync(...asUser(ann, [beeGate, gate()!, plain, '--seconds', '0.2']), {
    encoding: 'utf8',
  });
  assert.equal(status, 0);
  assert.match(stderr, /Permission denied.*running unprofiled/);
  const { code } = await running.ended;
  assert.equal(code, 0, running.said());
});

function hasChildNamed(ancestor: number, name: string): boolean {
  const { stdout } = spawnSync('pgrep', ['-x', name], { encoding: 'utf8' });
  return stdout.split('\n').some((pid) => isBelow(Number(pid), ancestor));
}

function isBelow(pid: number, ancestor: number): boolean {
  if (pid <= 1) return false;
  return pid === ancestor || isBelow(Number(/^PPid:\s*(\d+)/m.exec(readProc(pid, 'status'))?.[1]), ancestor);
}

const IN_KERNEL = ['--', 'dd', 'if=/dev/urandom', 'of=/dev/null', 'bs=1M', 'count=400'];

test('kernel frames come with the policy that allows them, and have names then', needsRoot, async () => {
  setUpSampler('--user', ann.name, '--user', bob.name, '--kernel-frames');
  const { summary } = await profileWith(request(IN_KERNEL));
  setUpSampler('--no-kernel-frames');
  assert.ok(summary.frames.kernel > 100, JSON.stringify(summary.frames));
  assert.ok(
    (summary.frames as unknown as Record<string, number>).kernelSymbolized! > 0.9 * summary.frames.kernel,
  );
});

test(
  'kernel frames come where the machine shows them to everybody, and not one setting before',
  needsRoot,
  async () => {
    const kernelFrames = async (paranoid: number, hidden: number) =>
      withKernelSetting('perf_event_paranoid', paranoid, () =>
        withKernelSetting('kptr_restrict', hidden, async () => {
          const { summary } = await profileWith(request(IN_KERNEL));
          return summary.frames.kernel;
        }),
      );
    assert.equal(await kernelFrames(2, 0), 0);
    assert.equal(await kernelFrames(-1, 1), 0);
    assert.ok((await kernelFrames(1, 0)) > 100);
  },
);

test('processes of others come with the policy that allows them', needsRoot, async () => {
  const bobs = await burningProcess(bob, builtForEverybody());
  setUpSampler('--all-processes');
  const { summary } = await profileWith(request(['--pid', String(bobs), '--time', '1000']));
  setUpSampler('--no-all-processes');
  assertWellSampled(summary);
});

function builtForEverybody(): string {
  const directory = scratchDirectory();
  chmodSync(directory, 0o755);
  copyFileSync(builtProgram('spin'), join(directory, 'spin'));
  return join(directory, 'spin');
}
