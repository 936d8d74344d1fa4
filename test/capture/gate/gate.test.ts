import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Gate, type GateMessage, parseGateMessage } from '../../../src/capture/gate/gate.js';

let directory: string;
before(() => {
  directory = mkdtempSync(join(tmpdir(), 'bee-gate-'));
});
after(() => rmSync(directory, { recursive: true }));

function frame(fields: readonly string[]): Buffer {
  const body = Buffer.from(fields.map((field) => `${field}\0`).join(''));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(body.length);
  return Buffer.concat([length, body]);
}

const FIELDS = [
  'bee-gate/1',
  '42',
  '/work dir',
  '/bin/app',
  '2',
  '/lib/a.so',
  '/lib/ld.so',
  '3',
  './app',
  '',
  'x;y',
];

/** Resolves with what the gate answered when the connection ended. */
function answerTo(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    socket.setEncoding('latin1');
    socket.on('data', (text) => {
      answer += text;
    });
    socket.once('end', () => resolve(answer));
    socket.once('error', reject);
  });
}

test('a message names the process, its files and its arguments, empty ones too', () => {
  assert.deepEqual(parseGateMessage([...FIELDS, '']), {
    pid: 42,
    cwd: '/work dir',
    executable: '/bin/app',
    libraries: ['/lib/a.so', '/lib/ld.so'],
    argv: ['./app', '', 'x;y'],
  });
});

for (const [what, fields] of [
  ['another protocol', ['bee-gate/9', ...FIELDS.slice(1)]],
  ['a pid that is none', ['bee-gate/1', 'forty', ...FIELDS.slice(2)]],
  ['fewer arguments than announced', FIELDS.slice(0, -2)],
] as const) {
  test(`${what} is refused`, () => assert.equal(parseGateMessage([...fields]), undefined));
}

test('the gate opens when the arrival is dealt with, not before, and however the message was cut', async () => {
  const arrived: GateMessage[] = [];
  let release = () => {};
  const gate = await Gate.listen(join(directory, 'a'), async (message) => {
    arrived.push(message);
    await new Promise<void>((resolve) => {
      release = resolve;
    });
    return { kind: 'run' };
  });
  const socket = connect(gate.socketPath);
  const answer = answerTo(socket);
  for (const byte of frame(FIELDS)) socket.write(Buffer.of(byte));
  while (arrived.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  const early = await Promise.race([answer, new Promise((resolve) => setTimeout(resolve, 50, 'held'))]);
  assert.equal(early, 'held');
  release();
  assert.equal((await answer)[0], 'g');
  assert.deepEqual(
    arrived.map(({ pid }) => pid),
    [42],
  );
  gate.close();
});

test('a message that makes no sense opens the gate: the program must run', async () => {
  const gate = await Gate.listen(join(directory, 'b'), () => assert.fail('nobody arrived'));
  const socket = connect(gate.socketPath);
  const answer = answerTo(socket);
  socket.write(frame(['hello']));
  assert.equal((await answer)[0], 'g');
  gate.close();
});

const AS_IT_IS = '\xff'.repeat(8);
const NONE = '\0'.repeat(8);
for (const [what, answer, inheritance, expected] of [
  ['run', { kind: 'run' }, {}, `g${AS_IT_IS}${NONE}${NONE}`],
  ['run with a limit', { kind: 'run' }, { fileLimit: 0x400 }, `g\0\x04\0\0\0\0\0\0${NONE}${NONE}`],
  [
    'run with signals ignored',
    { kind: 'run' },
    { ignoredSignals: ['SIGHUP', 'SIGTERM'] },
    `g${AS_IT_IS}\x01\x40\0\0\0\0\0\0${NONE}`,
  ],
  ['skip', { kind: 'skip' }, { fileLimit: 0x400 }, 's'],
  [
    'run with more arguments',
    { kind: 'run', moreArguments: ['--n', '', '5'] },
    {},
    `g${AS_IT_IS}${NONE}\x07\0\0\0--n\0\x005\0\0\0\0\0`,
  ],
  [
    'run with more variables',
    { kind: 'run', moreVariables: { A: 'b=c' } },
    {},
    `g${AS_IT_IS}${NONE}\0\0\0\0\x06\0\0\0A=b=c\0`,
  ],
] as const) {
  test(`the answer to ${what}`, async () => {
    const gate = await Gate.listen(join(directory, what), async () => answer, inheritance);
    const socket = connect(gate.socketPath);
    const answered = answerTo(socket);
    socket.write(frame(FIELDS));
    assert.equal(await answered, expected);
    gate.close();
  });
}
