import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { STACK_LAYOUT } from '../../src/ffi/layout.js';
import { SamplerConnection } from '../../src/ffi/sampler-connection.js';
import { decodeSamplerEvent, encodeStart, MESSAGE } from '../../src/ffi/sampler-messages.js';
import { frameAddress, frameObject, frameRule, frameWord } from '../../src/ffi/stack-record.js';
import { scratchDirectory } from './scratch-directory.js';

const STACKS = 105;
const COUNTS = 106;
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

test('stacks and counts become decoded samples', async () => {
  const { session, peer } = await connected();
  const word = frameWord(5, 'plt', 0x7fff_ffff_f123n);
  peer.write(
    frame(
      STACKS,
      Buffer.concat([stackRecord(1n, [word, 1n], [0xffff_ffff_8100_0000n]), stackRecord(2n, [], [])]),
    ),
  );
  peer.end(Buffer.concat([frame(COUNTS, count(1n, 41n)), frame(MESSAGE.done, Buffer.alloc(0))]));
  assert.equal((await session.wait(TIMEOUT_MS))?.type, MESSAGE.done);
  const [first, second] = session.samples();
  assert.deepEqual(first, {
    timeNs: 99n,
    root: 4,
    pid: 10,
    tid: 11,
    comm: 'worker',
    starter: { tid: 12, comm: 'tests::starts' },
    cpu: 3,
    count: 42,
    outcome: 'depth',
    userFrames: BigUint64Array.of(word, 1n),
    kernelFrames: BigUint64Array.of(0xffff_ffff_8100_0000n),
  });
  assert.equal(second?.count, 1);
  assert.deepEqual([frameObject(word), frameRule(word), frameAddress(word)], [5, 'plt', 0x7fff_ffff_f123n]);
  const { uniqueStacks, orphanCount } = session.statistics();
  assert.deepEqual([uniqueStacks, orphanCount], [2, 0]);
  session.close();
});

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
  const words = Array.from({ length: 10 }, (_, index) => bytes.readUInt32LE(index * 4));
  assert.deepEqual(words, [32, MESSAGE.start, 6, 997, 1, 4096, 1, 127, 1, 40]);
  peer.write(frame(MESSAGE.hello, Buffer.from('\x06\0\0\0\x2a\0\0\x000.1.0', 'latin1')));
  const event = await session.wait(TIMEOUT_MS);
  assert.deepEqual(decodeSamplerEvent(event!.type, event!.payload), {
    kind: 'hello',
    protocolVersion: 6,
    pid: 42,
    version: '0.1.0',
  });
  session.close();
  peer.destroy();
});

test('an event larger than the buffer arrives whole', async () => {
  const { session, peer } = await connected();
  const text = JSON.stringify({ text: 'x'.repeat(300_000) });
  peer.end(frame(MESSAGE.totals, Buffer.from(text)));
  const event = await session.wait(TIMEOUT_MS);
  assert.equal(Buffer.from(event!.payload).toString(), text);
  session.close();
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
  assert.throws(() => session.samples(), { code: 'EBADF' });
  peer.destroy();
});

test('a path that cannot be bound is an error with its reason', () => {
  assert.throws(
    () => SamplerConnection.listen('/nonexistent-directory/socket'),
    /Cannot listen on .*No such file/,
  );
});

test('process.exit does not wait for a wait', () => {
  const moduleUrl = new URL('../../src/ffi/sampler-connection.js', import.meta.url).href;
  const script = `
    const { SamplerConnection } = await import(${JSON.stringify(moduleUrl)});
    SamplerConnection.listen(${JSON.stringify(newSocketPath())}).accept(600_000).catch(() => {});
    setTimeout(() => process.exit(7), 10);`;
  const { status } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { timeout: 60_000 });
  assert.equal(status, 7);
});
