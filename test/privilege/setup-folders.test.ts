import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { before, beforeEach, test } from 'node:test';
import { type BeeUser, makeBeeUser } from '../kernel/running/bee-user.js';
import { needsRoot } from '../kernel/running/needs-root.js';
import { commandPath, nativeFile, packageVersion } from '../kernel/running/repository.js';
import { asUser } from './conversation.js';
import { type Ended, OwnLibexec, withUmask } from './own-libexec.js';

const BURN = [
  '--quiet',
  '--collapse',
  '/dev/null',
  '--',
  '/bin/sh',
  '-c',
  'i=0; while [ $i -lt 3000 ]; do i=$((i+1)); done',
];

let ann: BeeUser;
let bob: BeeUser;
let libexec: OwnLibexec;
let root: string;
let version: string;
let copy: string;

before(() => {
  if (!needsRoot.skip) [ann, bob] = [makeBeeUser('a'), makeBeeUser('b')];
});
beforeEach(() => {
  if (needsRoot.skip) return;
  libexec = new OwnLibexec();
  root = join(libexec.path, 'profile-bee');
  version = join(root, packageVersion());
  copy = join(version, 'bee-sampler');
});

function setUp(...args: string[]): Ended {
  return libexec.bee('setup', '--yes', '--user', ann.name, ...args);
}

/** The part of `setup` that root runs, without asking. */
function installing(user = ann): string[] {
  return [nativeFile('bee-sampler'), '--install', '--user', `${user.uid}:${user.name}`];
}

function assertWhole(): void {
  assert.deepEqual(readdirSync(root), [packageVersion()]);
  assert.deepEqual(readdirSync(version).sort(), ['bee-sampler', 'policy']);
  const modes = [root, version, copy, join(version, 'policy')].map((path) => lstatSync(path));
  assert.deepEqual(
    modes.map(({ mode, uid }) => [(mode & 0o7777).toString(8), uid]),
    [
      ['755', 0],
      ['755', 0],
      ['750', 0],
      ['644', 0],
    ],
  );
  assert.ok(readFileSync(copy).equals(readFileSync(nativeFile('bee-sampler'))));
}

for (const umask of ['022', '027', '077', '000', '0277', '0777']) {
  test(`umask ${umask}: a whole copy, which its user can use and nobody can replace`, needsRoot, () => {
    const command = [process.execPath, commandPath('profile-bee'), 'setup', '--yes', '--user', ann.name];
    const installed = libexec.run(withUmask(umask, command));
    assert.equal(installed.code, 0, installed.stderr);
    assertWhole();
    const used = libexec.beeOf(ann, BURN, umask);
    assert.equal(used.code, 0, used.stderr);
    const replace = `mv ${copy} ${copy}.moved; mv ${version} ${version}.moved; : > ${copy}`;
    const tried = spawnSync(...asUser(bob, ['/bin/sh', '-c', replace]), { encoding: 'utf8' });
    assert.equal(tried.stderr.match(/denied/g)?.length, 3, tried.stderr);
  });
}

test(
  'a folder above that others could change or could not enter: what it is, and what to type',
  needsRoot,
  () => {
    const unfit = [
      {
        mode: 0o775,
        uid: 0,
        says: /mode 0775.* can be changed by others[\s\S]*chmod g-w,o-w \/usr\/local\/libexec/,
      },
      { mode: 0o1777, uid: 0, says: /mode 1777.* can be changed by others/ },
      { mode: 0o750, uid: 0, says: /mode 0750.* is closed to others[\s\S]*chmod a\+x \/usr\/local\/libexec/ },
      { mode: 0o755, uid: bob.uid, says: new RegExp(`belongs to the user ${bob.uid}[\\s\\S]*chown root`) },
    ];
    for (const { mode, uid, says } of unfit) {
      chmodSync(libexec.path, mode);
      chownSync(libexec.path, uid, 0);
      const refused = setUp();
      assert.equal(refused.code, 125, refused.stderr);
      assert.match(refused.stderr, says);
      assert.deepEqual(readdirSync(libexec.path), []);
    }
  },
);

test('folders of its own that an earlier setup left open, or closed, are mended', needsRoot, () => {
  assert.equal(setUp().code, 0);
  for (const mode of [0o777, 0o700]) {
    for (const folder of [root, version]) chmodSync(folder, mode);
    chownSync(root, bob.uid, bob.gid);
    assert.equal(setUp().code, 0);
    assertWhole();
  }
});

test('what setup did not put there stays, and is said', needsRoot, () => {
  assert.equal(setUp().code, 0);
  const old = join(root, '0.0.1');
  mkdirSync(old);
  for (const name of ['bee-sampler', 'policy', 'mine']) writeFileSync(join(old, name), name);
  mkdirSync(join(version, 'folder'));
  const theirs = [join(version, 'folder'), join(old, 'mine'), join(root, 'README')];
  writeFileSync(theirs[2]!, '');
  const asSeen = theirs.map((path) => path.replace(libexec.path, '/usr/local/libexec'));
  for (const ended of [setUp(), libexec.bee('setup', '--uninstall', '--yes')]) {
    assert.equal(ended.code, 0, ended.stderr);
    for (const path of asSeen)
      assert.ok(ended.stderr.includes(`did not put it there: ${path}\n`), ended.stderr);
    assert.ok(theirs.every((path) => existsSync(path)));
    assert.deepEqual(readdirSync(old), ['mine']);
  }
  assert.deepEqual(readdirSync(version), ['folder']);
});

test('several at a time: each ends well, and at every moment there is a whole copy', needsRoot, async () => {
  assert.equal(setUp().code, 0);
  const whole = readFileSync(copy);
  const running = [ann, bob, ann, bob, ann, bob].map((user) => libexec.start(installing(user)));
  let areRunning = true;
  const all = Promise.all(running).finally(() => (areRunning = false));
  let looks = 0;
  for (; areRunning; looks++) {
    assert.ok(readFileSync(copy).equals(whole), 'half of a copy');
    await new Promise(setImmediate);
  }
  for (const { code, stderr } of await all) assert.equal(code, 0, stderr);
  assert.ok(looks > 10, `${looks} looks`);
  assertWhole();
});

test('beside one that does not end: it says so, and changes nothing', needsRoot, () => {
  assert.equal(setUp().code, 0);
  const lock = join(root, '.lock');
  const refused = libexec.run(['flock', '/usr/local/libexec/profile-bee/.lock', ...installing(bob)]);
  assert.equal(refused.code, 125, refused.stderr);
  assert.match(refused.stderr, /another setup is at work[\s\S]*fuser -v/);
  assert.match(readFileSync(join(version, 'policy'), 'utf8'), new RegExp(`users = ${ann.name}\n`));
  rmSync(lock);
  assertWhole();
});

/** At each step: the first and the second attribute, the exchange, the removal of the old copy, and of the lock. */
const STEPS = ['setxattr:1', 'setxattr:2', 'renameat2:1', 'unlink:1', 'unlink:2', 'rmdir:1', 'unlink:3'];

test('killed at any step: no half of a copy, and the next one finishes', needsRoot, () => {
  for (const isFirst of [true, false]) {
    for (const step of STEPS) {
      if (isFirst) rmSync(root, { recursive: true, force: true });
      const killed = libexec.run(killedAt(step, installing()));
      const isReached = killed.code !== 0;
      assert.ok(isReached || (isFirst && /unlink:[23]|rmdir/.test(step)), `${step}: ${killed.stderr}`);
      const isThere = existsSync(copy);
      if (isThere) assert.ok(readFileSync(copy).equals(readFileSync(nativeFile('bee-sampler'))), step);
      assert.ok(isThere || isFirst, `${step}: the copy of before is gone`);
      const next = libexec.run(installing());
      assert.equal(next.code, 0, `${step}: ${next.stderr}`);
      assertWhole();
    }
  }
});

function killedAt(step: string, command: readonly string[]): string[] {
  const [call, when] = step.split(':');
  const flags = ['-o', '/dev/null', '-e', `trace=${call}`, '-e', `inject=${call}:signal=KILL:when=${when}`];
  return ['strace', ...flags, ...command];
}

test('a place that cannot be looked at is said as such, and stops nobody', needsRoot, () => {
  assert.equal(setUp().code, 0);
  chmodSync(version, 0o700); // as under umask 077 before
  assertSays(libexec.beeOf(ann, ['setup', '--status']), 77, /cannot be read: permission denied/);
  assertSays(libexec.beeOf(ann, BURN), 77, /the installed sampler is for others/);
  rmSync(copy);
  symlinkSync('bee-sampler', copy);
  assertSays(libexec.bee('setup', '--status'), 77, /cannot be read: too many symbolic links/);
  assert.equal(
    libexec.bee('--quiet', '--collapse', '/dev/null', '--', '/bin/true').code,
    0,
    'root needs none',
  );
  rmSync(root, { recursive: true });
  symlinkSync('profile-bee', root);
  assertSays(libexec.bee('setup', '--status'), 77, /profile-bee: cannot be read: too many/);
  assertSays(setUp(), 125, /profile-bee is not a folder[\s\S]*rm \/usr\/local\/libexec\/profile-bee/);
  execFileSync('rm', [root]);
  writeFileSync(root, '');
  assertSays(libexec.beeOf(ann, BURN), 77, /profile-bee setup/);
});

function assertSays({ code, stdout, stderr }: Ended, expected: number, says: RegExp): void {
  assert.equal(code, expected, stderr);
  assert.match(stdout + stderr, says);
  assert.doesNotMatch(stderr, /please report/);
}
