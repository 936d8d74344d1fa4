import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, existsSync, symlinkSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, before, test } from 'node:test';
import { MESSAGE } from '../../src/ffi/sampler-messages.js';
import { type BeeUser, directoryOf, makeBeeUser } from '../kernel/running/bee-user.js';
import { setUpSampler } from '../kernel/running/installed-sampler.js';
import { needsRoot } from '../kernel/running/needs-root.js';
import { isAlive, untilTrue } from '../kernel/running/running-bee.js';
import { burningProcess, spinProgram, stopBurning } from './burning-process.js';
import {
  add,
  answerOf,
  asUser,
  type Conversation,
  converse,
  errnosOf,
  objectsOf,
  parse,
  STOP,
  start,
  startListening,
  totalsOf,
  words,
} from './conversation.js';
import { installedPath } from './installed-path.js';

const { EPERM, ESRCH } = constants.errno;

let ann: BeeUser;
let bob: BeeUser;
let sampler: string;

afterEach(stopBurning);
before(() => {
  if (needsRoot.skip) return;
  [ann, bob] = [makeBeeUser('a'), makeBeeUser('b')];
  setUpSampler('--user', ann.name, '--user', bob.name);
  sampler = installedPath();
});

test('one’s own process is profiled: what the refusals below are measured against', needsRoot, async () => {
  const pid = await burningProcess(ann);
  const said = await converse(ann, sampler, [start(), add(pid)], { waitMs: 2_500 });
  assert.deepEqual(errnosOf(said), { 1: 0 }, said.stderr);
  assert.ok(totalsOf(said).fired! > 50, JSON.stringify(totalsOf(said)));
  assert.ok([...objectsOf(said)].some(([path, isOpen]) => path.endsWith('/spin') && isOpen));
});

test('nobody else’s process is, running or at the gate, and none that is not there', needsRoot, async () => {
  const bobs = await burningProcess(bob);
  const requests = [
    start(),
    add(bobs, { requestId: 1 }),
    add(bobs, { requestId: 2, isHeld: true }),
    add(1, { requestId: 3 }),
    add(process.pid, { requestId: 4 }),
    add(2 ** 22 - 1, { requestId: 5 }),
    STOP,
  ];
  const said = await converse(ann, sampler, requests);
  assert.deepEqual(errnosOf(said), { 1: EPERM, 2: EPERM, 3: EPERM, 4: EPERM, 5: ESRCH });
  assertNothingCame(said);
});

test('no file is read that the client could not read, by whatever path', needsRoot, async () => {
  const pid = await burningProcess(ann);
  const secret = secretElf();
  const pipe = join(directoryOf(ann), 'pipe');
  execFileSync('mkfifo', [pipe]);
  const linked = join(directoryOf(ann), 'linked');
  symlinkSync(secret, linked);
  const own = join(directoryOf(ann), 'own');
  copyFileSync('/bin/true', own);
  chmodSync(own, 0o644);
  const paths = [secret, linked, pipe, `/proc/${pid}/root${secret}`, '/etc/shadow', '/dev/zero', own];
  const said = await converse(ann, sampler, [start(), add(pid, { paths }), STOP]);
  assert.deepEqual(errnosOf(said), { 1: 0 }, said.stderr);
  const objects = objectsOf(said);
  assert.equal(objects.get(own), true, 'what the client can read is read');
  for (const path of paths.slice(0, -1)) assert.ok(!objects.has(path), path);
  assert.doesNotMatch(JSON.stringify(said.frames.map(({ payload }) => payload.toString())), /shadow|private/);
});

/** Bob's, in a folder and with a mode that keep others out. */
function secretElf(): string {
  const path = join(directoryOf(bob), 'private');
  copyFileSync('/bin/true', path);
  chmodSync(path, 0o600);
  return path;
}

test('a socket of somebody else’s, or where others may enter, is refused', needsRoot, async () => {
  const own = directoryOf(ann);
  const others = directoryOf(bob);
  const linkToFolder = join(directoryOf(ann, 0o711), 'folder');
  symlinkSync(others, linkToFolder);
  symlinkSync(join(others, 'sampler'), join(own, 'sampler'));
  const { child } = startListening(bob, join(others, 'sampler'), [start()], 8_000);
  await once(child.stdout!, 'data');
  const places = [join(others, 'sampler'), join(linkToFolder, 'sampler'), join(own, 'sampler'), 'sampler'];
  for (const place of places) {
    const { status, stderr } = spawnSync(...asUser(ann, [sampler, place]), { encoding: 'utf8' });
    assert.equal(status, 1, `${place}: ${stderr}`);
    assert.match(stderr, /^bee-sampler: /);
  }
  const bobs = parse(await text(child.stdout!));
  assert.equal(bobs.isConnected, false, 'nobody came to bob');
  const open = await converse(ann, sampler, [start()], {
    socket: join(directoryOf(ann, 0o755), 'sampler'),
    waitMs: 100,
  });
  assert.equal(open.isConnected, false);
  assert.match(open.stderr, /mode 0700/);
});

test('nobody else may start it', needsRoot, () => {
  const stranger = makeBeeUser('s');
  const { error } = spawnSync(sampler, ['--check'], { uid: stranger.uid, gid: stranger.gid });
  assert.equal((error as NodeJS.ErrnoException).code, 'EACCES');
});

test('a pid that is used again is not the process that was asked for', needsRoot, async () => {
  const pid = await burningProcess(ann);
  const socket = join(directoryOf(ann), 'sampler');
  const { child } = startListening(ann, socket, [start(), add(pid)], 4_000, sampler);
  const output = text(child.stdout!);
  await untilTrue('it is observed', () => samplesHaveBegun(socket));
  process.kill(pid, 'SIGKILL');
  await untilTrue('its number is free', () => !existsSync(`/proc/${pid}`));
  const bobs = takePid(pid);
  assert.ok(isAlive(pid), 'the pid is bob’s now');
  const said = parse(await output);
  bobs.kill('SIGKILL');
  assert.deepEqual(errnosOf(said), { 1: 0 });
  assert.equal(totalsOf(said).stillRunning, 0);
  const ownMs = totalsOf(said).targetCpuNs! / 1e6;
  assert.ok(ownMs < 1_500, `${ownMs} ms were observed, and bob burned for 3 s`);
});

/** Time enough for the sampler to answer: it then has a perf event for each CPU. */
function samplesHaveBegun(socket: string): boolean {
  return descriptorsOf(socket).includes('pidfd');
}

/** Of the sampler that serves it; empty when there is none. */
function descriptorsOf(socket: string): string {
  const pid = spawnSync('pgrep', ['-f', `^[^ ]*bee-sampler ${socket}`], { encoding: 'utf8' }).stdout.trim();
  return pid === '' ? '' : spawnSync('ls', ['-l', `/proc/${pid}/fd`], { encoding: 'utf8' }).stdout;
}

/** The next process gets that number. */
function takePid(pid: number): ReturnType<typeof spawn> {
  for (let attempt = 0; attempt < 50; attempt++) {
    writeFileSync('/proc/sys/kernel/ns_last_pid', String(pid - 1));
    const child = spawn(...asUser(bob, [spinProgramForAll, '--seconds', '60']), { stdio: 'ignore' });
    if (child.pid === pid) return child;
    child.kill('SIGKILL');
  }
  throw new Error(`process ${pid} could not be made again`);
}
let spinProgramForAll: string;
before(() => {
  if (!needsRoot.skip) spinProgramForAll = spinProgram();
});

test('more than the bounds of setup is refused by the sampler itself', needsRoot, async () => {
  boundAll('--max-frequency', '2000', '--max-memory', '200');
  const cases = [
    { asks: { frequencyHz: 2001 }, says: /^over-frequency: need 2001, taken 2001, most 2000$/ },
    { asks: { frequencyHz: 2 ** 32 - 1 }, says: /^over-frequency/ },
    { asks: { frequencyHz: 0 }, says: /^protocol/ },
    { asks: { tableMiB: 190 }, says: /^over-memory: need (2\d\d), taken \1, most 200$/ },
    { asks: { ringBytes: 256 << 20 }, says: /^over-memory/ },
  ];
  for (const { asks, says } of cases) assert.match(await answerTo(ann, asks), says);
  assert.equal(await answerTo(ann, { frequencyHz: 2000, tableMiB: 100 }, [STOP]), 'started');
  boundAll('--max-frequency', 'usual', '--max-memory', 'usual');
});

test('nor is it to be had in parts: the sessions of a user count together', needsRoot, async () => {
  boundAll('--max-frequency', '2000');
  const socket = join(directoryOf(ann), 'sampler');
  const parts = [start({ frequencyHz: 1500 })];
  const { child } = startListening(ann, socket, parts, 60_000, sampler);
  await untilTrue('the first has begun', () => descriptorsOf(socket).includes('bee-claim-1500'));
  const second = await answerTo(ann, { frequencyHz: 501 });
  assert.match(second, /^over-frequency: need 501, taken 2001, most 2000$/);
  assert.equal(await answerTo(ann, { frequencyHz: 500 }, [STOP]), 'started');
  assert.equal(await answerTo(bob, { frequencyHz: 2000 }, [STOP]), 'started', 'bob has bounds of his own');
  child.kill('SIGKILL');
  await untilTrue('the first has ended', () => descriptorsOf(socket) === '');
  assert.equal(await answerTo(ann, { frequencyHz: 2000 }, [STOP]), 'started');
  boundAll('--max-frequency', 'usual');
});

function boundAll(...bounds: readonly string[]): void {
  setUpSampler('--user', ann.name, '--user', bob.name, ...bounds);
}

/** What is sent behind a START that is refused would make the answer unreadable. */
async function answerTo(
  user: BeeUser,
  asks: Parameters<typeof start>[0],
  more: readonly Buffer[] = [],
): Promise<string> {
  return answerOf(await converse(user, sampler, [start(asks), ...more], { waitMs: 20_000 }));
}

test('hostile frames end the session, and nothing else', needsRoot, async () => {
  const bobs = await burningProcess(bob);
  const next = generator(20_260_801);
  const valid = [start(), add(bobs), STOP];
  for (let round = 0; round < 60; round++) {
    const said = await converse(ann, sampler, mutated(valid, next), { waitMs: 300 });
    const seen = `round ${round}: ${JSON.stringify(said.ended)} ${said.stderr}`;
    assert.equal(said.ended.signal, null, seen);
    assert.ok(said.ended.code === 0 || said.ended.code === 1, seen);
    assertNothingCame(said);
  }
});

function assertNothingCame(said: Conversation): void {
  assert.ok(!said.frames.some(({ type }) => type === MESSAGE.stacks || type === MESSAGE.object));
  assert.equal(totalsOf(said).fired ?? 0, 0);
}

type Next = (below: number) => number;

/** xorshift32: the same rounds every time. */
function generator(seed: number): Next {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/** Some bytes changed, cut off, doubled, or a length that promises more. START stays whole in half of the rounds. */
function mutated(frames: readonly Buffer[], next: Next): Buffer[] {
  const keepsStart = next(2) === 0;
  return frames.map((original, index) => {
    if (index === 0 && keepsStart) return original;
    const bytes = Buffer.from(original);
    for (let count = next(4); count > 0; count--) bytes[next(bytes.length)] = next(256);
    if (next(4) === 0) return bytes.subarray(0, next(bytes.length));
    if (next(4) === 0) return Buffer.concat([bytes, bytes]);
    if (next(4) === 0) return Buffer.concat([words([next(2 ** 31), MESSAGE.target]), bytes]);
    return bytes;
  });
}
