import assert from 'node:assert/strict';
import { test } from 'node:test';
import { computeCallTree } from '../../src/profile/call-tree.js';
import { findIntegrityProblems } from '../../src/profile/integrity.js';
import {
  frameAt,
  framesOfStack,
  NO_STACK,
  NOT_KNOWN,
  ProfileBuilder,
  sampleAt,
  shownValues,
  UNKNOWN_FRAME,
} from '../../src/profile/profile.js';
import { splitByRoot } from '../../src/profile/split-by-root.js';
import { foldedText } from '../formats/folded-text.js';
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
  for (const tid of [1, 1, 2]) builder.addSample({ stack, values: [2], pid: 1, tid, comm: 'x' });
  const profile = assertSound(builder.finish());
  assert.deepEqual([profile.frames.length, profile.stacks.length, profile.samples.length], [2, 2, 2]);
  assert.equal(profile.totalCount, 6);
  assert.deepEqual(sampleAt(profile, 0), { stack, values: [4], pid: 1, tid: 1, comm: 'x', event: 0 });
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
  builder.addSample({ stack: NO_STACK, values: [5], pid: 1, tid: 1, comm: '' });
  builder.addFrame({ ...MAIN, name: '' });
  const profile = assertSound(builder.finish());
  assert.equal(frameAt(profile, 0).name, '[unknown]');
  assert.equal(frameAt(profile, 1).name, '[unknown]');
  assert.equal(profile.totalCount, 5);
});

test('indexes that do not exist, values that are none and late additions are refused', () => {
  const builder = new ProfileBuilder();
  const sample = { stack: NO_STACK, pid: 1, tid: 1, comm: '' };
  assert.throws(() => builder.addStack(NO_STACK, 0), RangeError);
  assert.throws(() => builder.addStack(3, builder.addFrame(MAIN)), RangeError);
  assert.throws(() => builder.addSample({ ...sample, stack: 9, values: [1] }), RangeError);
  assert.throws(() => builder.addSample({ ...sample, values: [1], event: 1 }), RangeError);
  for (const values of [[0], [-1], [1.5], [Number.NaN], [], [1, 1]])
    assert.throws(() => builder.addSample({ ...sample, values }), RangeError);
  const profile = builder.finish();
  assert.throws(() => builder.addFrame(MAIN), /finished/);
  assert.throws(() => frameAt(profile, 1), RangeError);
});

const CPU_AND_OFF_CPU = {
  values: [
    { name: 'time', unit: 'microseconds' },
    { name: 'samples', unit: 'count' },
  ],
  events: ['cpu-clock', 'off-cpu'],
};

test('each sample has every value; the first is the one that is shown', () => {
  const builder = new ProfileBuilder(CPU_AND_OFF_CPU);
  const stack = builder.addStack(NO_STACK, builder.addFrame(MAIN));
  const sample = { stack, pid: 1, tid: 1, comm: '' };
  for (const event of [0, 1, 1]) builder.addSample({ ...sample, event, values: [1000, 1] });
  builder.addSample({ ...sample, event: 1, values: [500, 0] });
  const profile = assertSound(builder.finish());
  assert.deepEqual([profile.values, profile.events], [CPU_AND_OFF_CPU.values, CPU_AND_OFF_CPU.events]);
  assert.deepEqual([...shownValues(profile)], [1000, 2500]);
  assert.equal(profile.totalCount, 3500);
  assert.deepEqual(sampleAt(profile, 1), { ...sample, event: 1, values: [2500, 2] });
  assert.deepEqual(Array.from(computeCallTree(profile).total), [3500, 3500]);
  assert.equal(foldedText(profile), 'main 3500\n');
  const [part] = splitByRoot(profile);
  assert.deepEqual(part?.profile, profile);
});

test('a snapshot is what there was then, and the builder goes on', () => {
  const builder = new ProfileBuilder();
  const stack = builder.addStack(NO_STACK, builder.addFrame(MAIN));
  const sample = { stack, values: [1], pid: 1, tid: 1, comm: 'x' };
  builder.addSample(sample);
  const first = assertSound(builder.snapshot());
  builder.addSample(sample);
  const second = assertSound(builder.snapshot());
  assert.deepEqual([first.totalCount, second.totalCount], [1, 2]);
  assert.deepEqual([shownValues(first)[0], shownValues(second)[0]], [1, 2]);
  assert.equal(second.frames, first.frames);
  builder.addSample({ ...sample, stack: builder.addStack(stack, builder.addFrame(MAIN)), comm: 'y' });
  const third = assertSound(builder.finish());
  assert.deepEqual([second.stacks.length, third.stacks.length, third.strings.length], [1, 2, 5]);
  assert.throws(() => builder.snapshot(), /finished/);
});

test('a time and a CPU are kept where they are known', () => {
  const builder = new ProfileBuilder();
  const sample = { stack: builder.addStack(NO_STACK, builder.addFrame(MAIN)), pid: 1, tid: 1, comm: '' };
  builder.addSample({ ...sample, values: [3] });
  assert.deepEqual(Object.keys(builder.finish().samples).includes('timeNs'), false);
  const timed = new ProfileBuilder();
  timed.addFrame(MAIN);
  timed.addStack(NO_STACK, 0);
  for (const timeNs of [2e9, 5e15, 2e9]) timed.addSample({ ...sample, values: [1], timeNs, cpu: 3 });
  timed.addSample({ ...sample, values: [1] });
  const profile = assertSound(timed.finish());
  assert.deepEqual([...profile.samples.timeNs!], [2e9, 5e15, NOT_KNOWN]);
  assert.deepEqual(sampleAt(profile, 0), { ...sample, event: 0, values: [2], timeNs: 2e9, cpu: 3 });
  assert.deepEqual(sampleAt(profile, 2), { ...sample, event: 0, values: [1] });
});

test('the integrity check sees a wrong total, a forward parent and an absent string', () => {
  const profile = profileFromText(`
    main
    parse
  `);
  const { stacks, frames } = profile;
  assert.match(findIntegrityProblems({ ...profile, totalCount: 2 }).join(), /profile says 2/);
  assert.match(findIntegrityProblems({ ...profile, events: [] }).join(), /sample 0 has no event/);
  const { samples } = profile;
  const problemsWith = (more: object) =>
    findIntegrityProblems({ ...profile, samples: { ...samples, ...more } }).join();
  assert.match(problemsWith({ values: [] }), /have 0 values, the profile says 1/);
  assert.match(problemsWith({ values: [Float64Array.of(0.5)] }), /sample 0 has the value 0.5 in samples/);
  assert.match(problemsWith({ cpu: Int32Array.of(1, 2) }), /samples.cpu has 2 rows of 1/);
  const forward = { ...stacks, parent: Int32Array.of(1, 0) };
  assert.match(findIntegrityProblems({ ...profile, stacks: forward }).join(), /stack 0 has the parent 1/);
  const nameless = { ...frames, name: Int32Array.of(1, 99) };
  assert.match(
    findIntegrityProblems({ ...profile, frames: nameless }).join(),
    /frame 1 refers to a missing string/,
  );
});
