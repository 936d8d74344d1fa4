import assert from 'node:assert/strict';
import { test } from 'node:test';
import { functionsOf } from '../../src/profile/functions.js';
import { NO_STACK, ProfileBuilder, UNKNOWN_FRAME } from '../../src/profile/profile.js';
import { profileFromText } from './profile-from-text.js';

function rowsOf(text: string): [string, number, number][] {
  return functionsOf(profileFromText(text)).map(({ name, self, total }) => [name, self, total]);
}

test('self is the leaf, total is every stack with the function', () => {
  const text = `
    main      main      main
    parse     parse     write
    tokenize  ×2        ×4
    ×10`;
  assert.deepEqual(rowsOf(text), [
    ['tokenize', 10, 10],
    ['write', 4, 4],
    ['parse', 2, 12],
    ['main', 0, 16],
  ]);
});

test('a recursive function counts each sample once', () => {
  const text = `
    main   main   main
    walk   walk   leaf
    walk   leaf   walk
    walk   walk   ×1
    ×3     ×2`;
  assert.deepEqual(rowsOf(text), [
    ['walk', 6, 6],
    ['main', 0, 6],
    ['leaf', 0, 3],
  ]);
});

test('a function called from two lines is one row', () => {
  const text = `
    main (a.rs:1)  main (a.rs:2)
    ×1             ×2`;
  assert.deepEqual(rowsOf(text), [['main', 3, 3]]);
});

test('functions of two modules with one name are two rows', () => {
  const builder = new ProfileBuilder();
  for (const module of ['/lib/a.so', '/lib/b.so']) {
    const frame = builder.addFrame({ ...UNKNOWN_FRAME, name: 'init', module });
    builder.addSample({ stack: builder.addStack(NO_STACK, frame), values: [1], pid: 1, tid: 1, comm: 'a' });
  }
  assert.deepEqual(
    functionsOf(builder.finish()).map(({ name, module, self }) => [name, module, self]),
    [
      ['init', '/lib/a.so', 1],
      ['init', '/lib/b.so', 1],
    ],
  );
});

test('stacks of a hundred thousand frames are no matter of recursion', () => {
  const builder = new ProfileBuilder();
  let stack = NO_STACK;
  for (let depth = 0; depth < 100_000; depth++)
    stack = builder.addStack(stack, builder.addFrame({ ...UNKNOWN_FRAME, name: `f${depth % 7}` }));
  builder.addSample({ stack, values: [5], pid: 1, tid: 1, comm: 'deep' });
  const rows = functionsOf(builder.finish());
  assert.equal(rows.length, 7);
  assert.ok(rows.every(({ total }) => total === 5));
});
