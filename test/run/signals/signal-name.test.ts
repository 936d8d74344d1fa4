import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { signalName, signalNumber } from '../../../src/run/signals/signal-name.js';

test('signals have the names that bash gives them, and back', () => {
  const listed = execFileSync('bash', ['-c', 'kill -l'], { encoding: 'utf8' });
  const names = [...listed.matchAll(/(\d+)\) (SIG\S+)/g)].map(([, number, name]) => [Number(number), name]);
  assert.equal(names.length, 62, 'without 32 and 33, which glibc keeps');
  assert.deepEqual(
    names.map(([number]) => [number, signalName(number as number)]),
    names,
  );
  for (let number = 1; number <= 64; number++) assert.equal(signalNumber(signalName(number)), number);
});
