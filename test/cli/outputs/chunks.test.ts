import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inChunks } from '../../../src/surfaces/cli/outputs/chunks.js';

test('many small pieces become few writes of the same bytes', () => {
  const lines = Array.from({ length: 100_000 }, (_, index) => `é;${index} 1\n`);
  const chunks = [...inChunks(lines)];
  assert.equal(Buffer.concat(chunks).toString(), lines.join(''));
  assert.ok(chunks.length < 30, `${chunks.length} writes`);
});

test('text and bytes stay in order', () => {
  const pieces = ['a', 'b', Uint8Array.of(0xff), Uint8Array.of(), 'c'];
  assert.equal(Buffer.concat([...inChunks(pieces)]).toString('latin1'), 'ab\xffc');
  assert.deepEqual([...inChunks([])], []);
});

test('a writer is asked for the next piece only when there is room for it', () => {
  let asked = 0;
  function* endless(): Generator<string> {
    for (;;) {
      asked++;
      yield 'x'.repeat(1 << 16);
    }
  }
  const chunks = inChunks(endless())[Symbol.iterator]();
  chunks.next();
  assert.equal(asked, 1);
});
