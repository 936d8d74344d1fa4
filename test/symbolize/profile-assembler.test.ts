import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RawObject } from '../../src/capture/raw-profile.js';
import type { AddressEntries, ResolvedAddresses, Symbolizer } from '../../src/ffi/symbolizer.js';
import { findIntegrityProblems } from '../../src/profile/integrity.js';
import { frameAt, framesOfStack, type Profile, sampleAt } from '../../src/profile/profile.js';
import type { Grouping } from '../../src/symbolize/grouping/grouping.js';
import { type BuiltProfile, ProfileAssembler } from '../../src/symbolize/profile-assembler.js';
import { type DrawnFrame, DrawnRun, type DrawnSample, drawnSample } from './drawn-run.js';

const OBJECTS: RawObject[] = [{ id: 1, path: '/t/deps/lib-0123', buildId: '', isVdso: false }];
const NAMES: Record<string, string> = {
  '1:1': 'main',
  '1:2': 'test::run_test',
  '1:3': 'test::__rust_begin_short_backtrace',
  '1:4': 'lib::tests::of_a_name_that_is_cut::{closure#0}',
  '1:5': 'work',
};

/** Names addresses by the table above, and notes which were asked for. */
class NotingSymbolizer implements Symbolizer {
  readonly asked: string[][] = [];

  async symbolize({ addresses, objects }: AddressEntries): Promise<ResolvedAddresses> {
    const keys = Array.from(addresses, (address, index) => `${objects[index]}:${address}`);
    this.asked.push(keys);
    const frame = { file: '', line: 0, column: 0, isInlined: false, hasDebugInfo: true, module: '' };
    const framesAt = (index: number) => {
      const name = NAMES[keys[index]!];
      return name === undefined ? [] : [{ ...frame, name }];
    };
    const problem = { object: 1, path: OBJECTS[0]!.path, message: `${this.asked.length} asked` };
    return { length: keys.length, framesAt, problems: [problem] };
  }
}

/** Root first, as one draws it: `1 5` is main, then work. */
function sample(addresses: string, fields: Partial<DrawnSample> = {}): DrawnSample {
  const frames = addresses
    .split(' ')
    .map((address): DrawnFrame => ({ object: 1, address: BigInt(address), rule: 'cfi' }));
  return drawnSample({ userFrames: frames.reverse(), ...fields });
}

function lines({ profile }: BuiltProfile): string[] {
  assert.deepEqual(findIntegrityProblems(profile), []);
  return Array.from({ length: profile.samples.length }, (_, index) => {
    const { stack, values } = sampleAt(profile, index);
    return `${namesOf(profile, stack).join(';')} ${values.join()}`;
  });
}

function namesOf(profile: Profile, stack: number): string[] {
  return framesOfStack(profile, stack).map((frame) => frameAt(profile, frame).name);
}

test('only addresses that are new are symbolized', async () => {
  const [symbolizer, run] = [new NotingSymbolizer(), new DrawnRun()];
  const assembler = new ProfileAssembler(symbolizer, []);
  await assembler.add(run.batch([sample('1 5')], OBJECTS));
  await assembler.add(run.batch([sample('1 5'), sample('1')]));
  await assembler.add(run.batch([sample('1 4')]));
  assert.deepEqual(symbolizer.asked, [['1:5', '1:1'], ['1:4']]);
  assert.deepEqual(lines(assembler.snapshot()), [
    'main;work 2',
    'main 1',
    'main;lib::tests::of_a_name_that_is_cut::{closure#0} 1',
  ]);
});

test('two batches are the profile of one', async () => {
  const samples = [
    sample('1 5', { count: 3 }),
    sample('1 99', { outcome: 'noCfi' }),
    sample('1 5', { count: 2 }),
  ];
  const build = async (...parts: DrawnSample[][]) => {
    const [assembler, run] = [new ProfileAssembler(new NotingSymbolizer(), []), new DrawnRun()];
    for (const part of parts) await assembler.add(run.batch(part, OBJECTS));
    return assembler.snapshot();
  };
  const whole = await build(samples);
  const parts = await build(samples.slice(0, 1), samples.slice(1));
  assert.deepEqual(parts.profile, whole.profile);
  assert.deepEqual(parts.statistics, whole.statistics);
});

test('a snapshot goes on from the one before, which does not change', async () => {
  const [assembler, run] = [new ProfileAssembler(new NotingSymbolizer(), []), new DrawnRun()];
  await assembler.add(run.batch([sample('1 5')], OBJECTS));
  const first = assembler.snapshot();
  await assembler.add(run.batch([sample('1 5', { count: 4 }), sample('1 2')]));
  const second = assembler.snapshot();
  assert.deepEqual(lines(first), ['main;work 1']);
  assert.deepEqual(lines(second), ['main;work 5', 'main;test::run_test 1']);
  assert.deepEqual([first.statistics.stacks.user, second.statistics.stacks.user], [1, 6]);
  assert.deepEqual(
    second.problems.map(({ message }) => message),
    ['2 asked'],
    'one for each file',
  );
  assert.equal(assembler.snapshot().profile.stacks, second.profile.stacks, 'nothing new is not copied');
});

test('a root that later samples show to be another one is corrected', async () => {
  const process = {
    root: 1,
    pid: 100,
    executable: '/t/deps/lib-0123',
    binaryName: 'lib',
    testNames: ['tests::of_a_name_that_is_cut', 'tests::of_a_name_with_the_same_start'],
  };
  const grouping: Grouping = { by: 'test', processes: [process], hasAllStarters: true };
  const onThread = { tid: 101, comm: 'tests::of_a_nam' };
  const symbolizer = new NotingSymbolizer();
  const [assembler, run] = [new ProfileAssembler(symbolizer, []), new DrawnRun()];
  await assembler.add(run.batch([sample('2', onThread)], OBJECTS));
  const before = assembler.snapshot(grouping);
  await assembler.add(run.batch([sample('2 3 4 5', onThread)]));
  const after = assembler.snapshot(grouping);
  const whole = new ProfileAssembler(symbolizer, []);
  await whole.add(new DrawnRun().batch([sample('2', onThread), sample('2 3 4 5', onThread)], OBJECTS));
  assert.match(lines(before)[0]!, /^tests::of_a_nam… \(one of 2 tests\);test::run_test 1$/);
  assert.match(lines(after)[0]!, /^tests::of_a_name_that_is_cut;test::run_test 1$/);
  assert.deepEqual(after.profile, whole.snapshot(grouping).profile);
  assert.deepEqual([...after.groups!], [...whole.snapshot(grouping).groups!]);
});

test('code is known as generated as soon as one walk says so', async () => {
  const [assembler, run] = [new ProfileAssembler(new NotingSymbolizer(), []), new DrawnRun()];
  const generated = (rule: DrawnFrame['rule']) =>
    drawnSample({ userFrames: [{ object: 0, address: 7n, rule }] });
  const kinds = ({ profile }: BuiltProfile) =>
    Array.from({ length: profile.samples.length }, (_, index) =>
      framesOfStack(profile, sampleAt(profile, index).stack).map((frame) => frameAt(profile, frame).kind),
    );
  await assembler.add(run.batch([generated('snapshot')]));
  assert.deepEqual(kinds(assembler.snapshot()), [['user']]);
  await assembler.add(run.batch([generated('jit')]));
  assert.deepEqual(kinds(assembler.snapshot()), [['jit']]);
});
