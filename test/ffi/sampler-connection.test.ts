import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { STACK_LAYOUT } from '../../src/ffi/layout.js';
import type { RawStack } from '../../src/ffi/raw-batch.js';
import { FRAME_RULE_NAMES } from '../../src/ffi/record-names.js';
import { SamplerConnection } from '../../src/ffi/sampler-connection.js';
import { decodeSamplerEvent, encodeStart, MESSAGE } from '../../src/ffi/sampler-messages.js';
import { KERNEL_OBJECT } from '../../src/ffi/symbolizer.js';
import { decodeRecord, encodeRecord } from '../../src/ffi/wire/fields.js';
import {
  ADDED_LAYOUT,
  FACTS_LAYOUT,
  HELLO_LAYOUT,
  OBJECT_LAYOUT,
  PROCESS_NEWS_LAYOUT,
  PROTOCOL_VERSION,
  START_REQUEST_LAYOUT,
  TICKED_LAYOUT,
} from '../../src/ffi/wire/protocol.js';
import { frameWord } from './frame-word.js';
import { scratchDirectory } from './scratch-directory.js';

const TIMEOUT_MS = 10_000;

function newSocketPath(): string {
  return join(scratchDirectory('bee-session-'), 'socket');
}

async function connected(): Promise<{ session: SamplerConnection; peer: Socket }> {
  const path = newSocketPath();
  const session = SamplerConnection.listen(path);
  const peer = connect(path);
  await session.accept(TIMEOUT_MS);
  return { session, peer };
}

function frame(type: number, payload: Uint8Array): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt32LE(payload.byteLength, 0);
  header.writeUInt16LE(type, 4);
  return Buffer.concat([header, payload]);
}

function stackRecord(key: bigint, userFrames: readonly bigint[], kernelFrames: readonly bigint[]): Buffer {
  const bytes = Buffer.alloc(STACK_LAYOUT.size + (userFrames.length + kernelFrames.length) * 8);
  bytes.writeBigUInt64LE(99n, STACK_LAYOUT.time_ns);
  bytes.writeBigUInt64LE(key, STACK_LAYOUT.key);
  bytes.writeBigUInt64LE(1n, STACK_LAYOUT.count);
  bytes.writeUInt32LE(10, STACK_LAYOUT.pid);
  bytes.writeUInt32LE(11, STACK_LAYOUT.tid);
  bytes.write('worker', STACK_LAYOUT.comm);
  bytes.writeUInt32LE(3, STACK_LAYOUT.cpu);
  bytes.writeUInt16LE(userFrames.length, STACK_LAYOUT.user_frames);
  bytes.writeUInt16LE(kernelFrames.length, STACK_LAYOUT.kernel_frames);
  bytes.writeUInt8(5, STACK_LAYOUT.outcome);
  bytes.writeUInt32LE(4, STACK_LAYOUT.root);
  bytes.writeUInt32LE(12, STACK_LAYOUT.starter_tid);
  bytes.write('tests::starts', STACK_LAYOUT.starter_comm);
  bytes.writeUInt32LE(1, STACK_LAYOUT.event);
  [...userFrames, ...kernelFrames].forEach((word, index) => {
    bytes.writeBigUInt64LE(word, STACK_LAYOUT.frames + index * 8);
  });
  return bytes;
}

function count(key: bigint, additional: bigint): Buffer {
  const bytes = Buffer.alloc(24);
  bytes.writeBigUInt64LE(key, 0);
  bytes.writeBigUInt64LE(additional, 16);
  return bytes;
}

function object(number: number, path: string): Uint8Array {
  const buildId = Buffer.of(0xab, 0xcd);
  const flags = { hasDescriptor: false, isVdso: false, isCopy: false, isReplaced: false };
  return encodeRecord(OBJECT_LAYOUT, { number, path: Buffer.from(path), buildId, ...flags });
}

function ticked(number: number): Buffer {
  return frame(MESSAGE.ticked, encodeRecord(TICKED_LAYOUT, { number }));
}

test('objects, stacks and counts become one batch', async () => {
  const { session, peer } = await connected();
  const word = frameWord(5, 'plt', 0x7fff_ffff_f123n);
  const records = [stackRecord(1n, [word, 1n], [0xffff_ffff_8100_0000n]), stackRecord(2n, [], [])];
  peer.write(
    Buffer.concat([
      frame(MESSAGE.object, object(5, '/bin/true')),
      frame(MESSAGE.stacks, Buffer.concat(records)),
    ]),
  );
  peer.end(Buffer.concat([frame(MESSAGE.counts, count(1n, 41n)), frame(MESSAGE.done, Buffer.alloc(0))]));
  assert.equal((await session.wait(TIMEOUT_MS))?.type, MESSAGE.done);
  const { objects, frames, stacks, increments } = session.take({ forget: false });
  assert.deepEqual(objects, [{ id: 1, path: '/bin/true', buildId: 'abcd', isVdso: false }]);
  assert.deepEqual(frames, {
    length: 3,
    addresses: BigUint64Array.of(0x7fff_ffff_f123n, 1n, 0xffff_ffff_8100_0000n),
    objects: Uint32Array.of(1, 0, KERNEL_OBJECT),
    pids: Uint32Array.of(0, 10, 0),
    rules: Uint8Array.of(FRAME_RULE_NAMES.indexOf('plt'), 0, 0),
  });
  assert.deepEqual(stacks.map(factsOf), [
    {
      timeNs: 99n,
      cpu: 3,
      pid: 10,
      tid: 11,
      comm: 'worker',
      root: 4,
      starter: { tid: 12, comm: 'tests::starts' },
      outcome: 'depth',
      event: 1,
      frames: [2, 0, 1],
      kernelFrameCount: 1,
    },
    { ...factsOf(stacks[0]!), frames: [], kernelFrameCount: 0 },
  ]);
  assert.deepEqual(increments, { stacks: Uint32Array.of(0, 1), counts: Float64Array.of(42, 1) });
  const { uniqueStacks, orphanCount } = session.statistics();
  assert.deepEqual([uniqueStacks, orphanCount], [2, 0]);
  assert.equal(session.take({ forget: false }).stacks.length, 0, 'nothing is told twice');
  session.close();
});

test('a take ends with its tick, and forgetting begins the tables anew', async () => {
  const { session, peer } = await connected();
  const word = frameWord(5, 'cfi', 1n);
  const first = [
    frame(MESSAGE.object, object(5, '/first')),
    frame(MESSAGE.stacks, stackRecord(1n, [word], [])),
  ];
  const second = [
    frame(MESSAGE.object, object(5, '/second')),
    frame(MESSAGE.stacks, stackRecord(1n, [word], [])),
  ];
  peer.write(
    Buffer.concat([...first, frame(MESSAGE.counts, count(1n, 2n)), ticked(1), ...second, ticked(2)]),
  );
  assert.equal((await session.wait(TIMEOUT_MS))?.type, MESSAGE.ticked);
  assert.equal((await session.wait(TIMEOUT_MS))?.type, MESSAGE.ticked);
  peer.write(frame(MESSAGE.stacks, Buffer.concat([stackRecord(2n, [word], []), stackRecord(3n, [], [])])));
  const both = session.take({ forget: true });
  assert.deepEqual(
    both.objects.map(({ path }) => path),
    ['/first', '/second'],
  );
  assert.deepEqual([...both.increments.counts], [3, 1], 'one number, two files');
  peer.write(ticked(3));
  assert.equal((await session.wait(TIMEOUT_MS))?.type, MESSAGE.ticked);
  const third = session.take({ forget: true });
  assert.deepEqual(
    third.objects.map(({ path }) => path),
    ['/second'],
    'told again, as it was forgotten',
  );
  assert.deepEqual([third.frames.length, third.stacks.map(({ frames }) => [...frames])], [1, [[0], []]]);
  assert.deepEqual(
    session.objects().map(({ path }) => path),
    ['/second'],
    'nothing can name the first',
  );
  session.close();
  peer.destroy();
});

test('a connection that ends leaves what came since the last take', async () => {
  const { session, peer } = await connected();
  peer.end(frame(MESSAGE.stacks, stackRecord(1n, [1n], [])));
  await assert.rejects(session.wait(TIMEOUT_MS), { code: 'ECONNRESET' });
  const { stacks, increments } = session.take({ forget: true });
  assert.deepEqual([stacks.length, [...increments.counts]], [1, [1]]);
  session.close();
});

test('a record of another kind is not read as a stack', async () => {
  const { session, peer } = await connected();
  const record = stackRecord(1n, [1n], []);
  record.writeUInt8(1, STACK_LAYOUT.kind);
  peer.end(frame(MESSAGE.stacks, record));
  await assert.rejects(session.wait(TIMEOUT_MS), { code: 'EPROTO' });
  assert.equal(session.take({ forget: false }).stacks.length, 0);
  session.close();
});

function factsOf(stack: RawStack): Record<string, unknown> {
  const { timeNs, cpu, pid, tid, comm, root, starter, outcome, event, kernelFrameCount } = stack;
  const frames = [...stack.frames];
  return { timeNs, cpu, pid, tid, comm, root, starter, outcome, event, frames, kernelFrameCount };
}

test('both directions speak the protocol', async () => {
  const { session, peer } = await connected();
  const received = new Promise<Buffer>((resolve) => peer.once('data', resolve));
  session.send(
    MESSAGE.start,
    encodeStart({
      frequencyHz: 997,
      unwinder: 'fp',
      ringBytes: 4096,
      event: 'cycles',
      maxDepth: 127,
      tableMiB: 40,
      checksUnwinding: true,
    }),
  );
  const bytes = await received;
  assert.deepEqual([bytes.readUInt32LE(0), bytes.readUInt16LE(4)], [bytes.length - 8, MESSAGE.start]);
  assert.equal(bytes.readUInt32LE(8), PROTOCOL_VERSION);
  assert.deepEqual(decodeRecord(START_REQUEST_LAYOUT, bytes.subarray(12)), {
    limits: { ringBytes: 4096, maxDepth: 127, tableMiB: 40 },
    unwinder: 'fp',
    checksUnwinding: true,
    events: [{ name: 'cycles', frequencyHz: 997 }],
  });
  const version = Buffer.from(Uint32Array.of(PROTOCOL_VERSION).buffer);
  const hello = encodeRecord(HELLO_LAYOUT, { pid: 42, version: '0.1.0' });
  peer.write(frame(MESSAGE.hello, Buffer.concat([version, hello])));
  const event = await session.wait(TIMEOUT_MS);
  assert.deepEqual(decodeSamplerEvent(event!.type, event!.payload), {
    kind: 'hello',
    protocolVersion: PROTOCOL_VERSION,
    pid: 42,
    version: '0.1.0',
  });
  session.close();
  peer.destroy();
});

test('what the sampler tells arrives as typed fields', async () => {
  const { session, peer } = await connected();
  const facts = { code: 'unwinding-difference', same: 3, inKernel: { frames: 4, end: 'complete' } };
  const rows = ['main', 'start'];
  peer.write(frame(MESSAGE.problem, encodeRecord(FACTS_LAYOUT, { ...facts, rows })));
  const exit = { pid: 7, timeNs: 2n ** 60n, end: {} };
  peer.write(frame(MESSAGE.process, encodeRecord(PROCESS_NEWS_LAYOUT, exit)));
  peer.write(frame(MESSAGE.ticked, encodeRecord(TICKED_LAYOUT, { number: 9 })));
  const next = async () => {
    const event = await session.wait(TIMEOUT_MS);
    return decodeSamplerEvent(event!.type, event!.payload);
  };
  assert.deepEqual(await next(), { kind: 'problem', problem: { ...facts, rows } });
  assert.deepEqual(await next(), { kind: 'exit', pid: 7, waitStatus: -1, timeNs: 2n ** 60n });
  assert.deepEqual(await next(), { kind: 'ticked', number: 9 });
  session.close();
  peer.destroy();
});

test('an event larger than the buffer arrives whole', async () => {
  const { session, peer } = await connected();
  const detail = 'x'.repeat(300_000);
  peer.end(frame(MESSAGE.added, encodeRecord(ADDED_LAYOUT, { request: 1, errno: 5, detail })));
  const event = await session.wait(TIMEOUT_MS);
  const expected = { kind: 'added', requestId: 1, errno: 5, detail };
  assert.deepEqual(decodeSamplerEvent(event!.type, event!.payload), expected);
  session.close();
});

test('another protocol is named, and a message without its fields is nonsense', async () => {
  const other = await connected();
  other.peer.write(frame(MESSAGE.hello, Buffer.from('\x06\0\0\0\x2a\0\0\x000.1.0', 'latin1')));
  await assert.rejects(other.session.wait(TIMEOUT_MS), { code: 'EPROTONOSUPPORT', message: /protocol 6/ });
  const short = await connected();
  short.peer.write(frame(MESSAGE.ticked, Buffer.alloc(0)));
  await assert.rejects(short.session.wait(TIMEOUT_MS), { code: 'EPROTO', message: /number is missing/ });
  for (const { session, peer } of [other, short]) {
    session.close();
    peer.destroy();
  }
});

test('the sampler’s death, nonsense and silence are told apart', async () => {
  const dying = await connected();
  dying.peer.destroy();
  await assert.rejects(dying.session.wait(TIMEOUT_MS), { code: 'ECONNRESET' });
  const broken = await connected();
  broken.peer.write(Buffer.alloc(8, 0xff));
  await assert.rejects(broken.session.wait(TIMEOUT_MS), { code: 'EPROTO', message: /malformed/ });
  const silent = await connected();
  assert.equal(await silent.session.wait(1), null);
  for (const { session, peer } of [dying, broken, silent]) {
    session.close();
    peer.destroy();
  }
});

test('nobody connects: a timeout, and cancel ends it early', async () => {
  using session = SamplerConnection.listen(newSocketPath());
  await assert.rejects(session.accept(1), { code: 'ETIMEDOUT' });
  const accepting = session.accept(TIMEOUT_MS);
  session.cancel();
  await assert.rejects(accepting, { code: 'ECANCELED' });
});

test('close ends a wait, and every later call says so', async () => {
  const { session, peer } = await connected();
  const waiting = session.wait(TIMEOUT_MS);
  session.close();
  await assert.rejects(waiting, { code: 'EPIPE' });
  await assert.rejects(session.wait(1), { code: 'EPIPE' });
  assert.throws(() => session.take({ forget: false }), { code: 'EBADF' });
  peer.destroy();
});

test('a path that cannot be bound is an error with its reason', () => {
  assert.throws(
    () => SamplerConnection.listen('/nonexistent-directory/socket'),
    /Cannot listen on .*No such file/,
  );
});

/** Runs a module that has SamplerConnection and two socket paths. */
function runScript(
  script: string,
  env: Record<string, string> = {},
): { status: number | null; stdout: string } {
  const moduleUrl = new URL('../../src/ffi/sampler-connection.js', import.meta.url).href;
  const paths = Array.from({ length: 8 }, newSocketPath);
  const text = `
    import { connect } from 'node:net';
    import { readFile } from 'node:fs/promises';
    import { SamplerConnection } from ${JSON.stringify(moduleUrl)};
    const paths = ${JSON.stringify(paths)};
    ${script}`;
  const options = { timeout: 60_000, encoding: 'utf8', env: { ...process.env, ...env } } as const;
  return spawnSync(process.execPath, ['--input-type=module', '-e', text], options);
}

test('process.exit waits neither for an accept, nor for a wait, nor for a symbolization', () => {
  const { status } = runScript(`
    const files = SamplerConnection.withoutSampler();
    files.addObject(1, process.execPath);
    const entries = new Uint8Array(new BigUint64Array(20_000).map((_, index) => BigInt(index) << 10n).buffer);
    files.symbolize(entries, 0).catch(() => {});
    SamplerConnection.listen(paths[0]).accept(600_000).catch(() => {});
    const session = SamplerConnection.listen(paths[1]);
    connect(paths[1]);
    await session.accept(600_000);
    session.wait(600_000).catch(() => {});
    setTimeout(() => process.exit(7), 10);`);
  assert.equal(status, 7);
});

test('eight sessions that wait leave a pool of one thread to others, and hear of their own sampler only', () => {
  const { stdout } = runScript(
    `const sessions = paths.map((path) => SamplerConnection.listen(path));
    const peers = paths.map((path) => connect(path));
    await Promise.all(sessions.map((session) => session.accept(60_000)));
    const waits = sessions.map((session) => session.wait(60_000));
    await readFile('/proc/self/stat');
    const first = Promise.race(waits.map((wait, index) => wait.then(() => index, () => index)));
    peers[5].destroy();
    process.stdout.write('read, ' + (await first));
    for (const session of sessions) session.close();
    await Promise.allSettled(waits);
    for (const peer of peers) peer.destroy();`,
    { UV_THREADPOOL_SIZE: '1' },
  );
  assert.equal(stdout, 'read, 5');
});

test('a session that nobody waits for does not keep the process, and one that is waited for does', () => {
  const { status, stdout } = runScript(`
    const session = SamplerConnection.listen(paths[0]);
    await session.accept(1).catch(() => {});
    SamplerConnection.listen(paths[1]).accept(50).catch(({ code }) => process.stdout.write(code));`);
  assert.deepEqual([status, stdout], [0, 'ETIMEDOUT']);
});
