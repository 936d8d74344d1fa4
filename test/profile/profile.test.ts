import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findIntegrityProblems } from '../../src/profile/integrity.js';
import {
  frameAt,
  framesOfStack,
  NO_STACK,
  ProfileBuilder,
  sampleAt,
  UNKNOWN_FRAME,
} from '../../src/profile/profile.js';
import { assertSound, profileFromText } from './profile-from-text.js';

const MAIN = { ...UNKNOWN_FRAME, name: 'main', file: 'src/main.rs', line: 3 };

test('equal frames, stacks and samples share one row', () => {
  const builder = new ProfileBuilder();
  const main = builder.addFrame(MAIN);
  assert.equal(builder.addFrame({ ...MAIN }), main);
  assert.notEqual(builder.addFrame({ ...MAIN, line: 4 }), main);
  const stack = builder.addStack(NO_STACK, main);
  assert.equal(builder.addStack(NO_STACK, main), stack);
  assert.notEqual(builder.addStack(stack, main), stack);
  for (const tid of [1, 1, 2]) builder.addSample({ stack, count: 2, pid: 1, tid, comm: 'x' });
  const profile = assertSound(builder.finish());
  assert.deepEqual([profile.frames.length, profile.stacks.length, profile.samples.length], [2, 2, 2]);
  assert.equal(profile.totalCount, 6);
  assert.deepEqual(sampleAt(profile, 0), { stack, count: 4, pid: 1, tid: 1, comm: 'x' });
});

test('a frame comes back as it was added', () => {
  const frame = {
    ...MAIN,
    name: 'f',
    column: 7,
    crate: 'c',
    crateVersion: '1.2.3',
    origin: 'std',
    kind: 'jit',
    isInlined: true,
    module: 'm',
  } as const;
  const builder = new ProfileBuilder();
  const index = builder.addFrame(frame);
  assert.deepEqual(frameAt(builder.finish(), index), frame);
});

test('stacks read root first', () => {
  const profile = profileFromText(`
    main
    parse
    next_token
  `);
  const names = framesOfStack(profile, sampleAt(profile, 0).stack).map(
    (frame) => frameAt(profile, frame).name,
  );
  assert.deepEqual(names, ['main', 'parse', 'next_token']);
});

test('a sample without frames and a frame without a name become [unknown]', () => {
  const builder = new ProfileBuilder();
  builder.addSample({ stack: NO_STACK, count: 5, pid: 1, tid: 1, comm: '' });
  builder.addFrame({ ...MAIN, name: '' });
  const profile = assertSound(builder.finish());
  assert.equal(frameAt(profile, 0).name, '[unknown]');
  assert.equal(frameAt(profile, 1).name, '[unknown]');
  assert.equal(profile.totalCount, 5);
});

test('indexes that do not exist, counts that are no counts and late additions are refused', () => {
  const builder = new ProfileBuilder();
  const sample = { stack: NO_STACK, pid: 1, tid: 1, comm: '' };
  assert.throws(() => builder.addStack(NO_STACK, 0), RangeError);
  assert.throws(() => builder.addStack(3, builder.addFrame(MAIN)), RangeError);
  assert.throws(() => builder.addSample({ ...sample, stack: 9, count: 1 }), RangeError);
  for (const count of [0, -1, 1.5, Number.NaN])
    assert.throws(() => builder.addSample({ ...sample, count }), RangeError);
  const profile = builder.finish();
  assert.throws(() => builder.addFrame(MAIN), /finished/);
  assert.throws(() => frameAt(profile, 1), RangeError);
});

test('the integrity check sees a wrong total, a forward parent and an absent string', () => {
  const profile = profileFromText(`
    main
    parse
  `);
  const { stacks, frames } = profile;
  assert.match(findIntegrityProblems({ ...profile, totalCount: 2 }).join(), /profile says 2/);
  const forward = { ...stacks, parent: Int32Array.of(1, 0) };
  assert.match(findIntegrityProblems({ ...profile, stacks: forward }).join(), /stack 0 has the parent 1/);
  const nameless = { ...frames, name: Int32Array.of(1, 99) };
  assert.match(
    findIntegrityProblems({ ...profile, frames: nameless }).join(),
    /frame 1 refers to a missing string/,
  );
});
