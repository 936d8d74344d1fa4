import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RawStack } from '../../../src/capture/raw-profile.js';
import {
  defaultGroupBy,
  type GroupBy,
  type Grouping,
  groupNames,
} from '../../../src/symbolize/grouping/grouping.js';
import type { RootProcess } from '../../../src/symbolize/grouping/root-process.js';
import { StackReader } from '../../../src/symbolize/grouping/stack-reader.js';

const LIB: RootProcess = { root: 1, pid: 100, executable: '/t/deps/lib-0123', binaryName: 'pkg' };
const IT: RootProcess = { root: 2, pid: 200, executable: '/t/deps/it-4567', binaryName: 'pkg::it' };

/** Shorthands in the drawings: what stands below a test on its thread, and below the first thread's work. */
const FRAMES: Record<string, readonly string[]> = {
  'libtest*': ['start_thread', 'test::run_test', 'test::__rust_begin_short_backtrace::<(), fn()>'],
  'main*': ['_start', 'main', 'test::test_main_static', 'test::run_tests'],
};

interface Drawn {
  sample: RawStack;
  frames: string[];
}

/**
 * One sample a line: `root pid tid comm starter frames…`, `-` for none; a starter is `tid:comm`, frames are root first
 * and separated by `;`. A frame without a `?` behind it comes from debug information.
 */
function drawn(text: string): Drawn[] {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line, index) => {
      const [root, pid, tid, comm, starter, frames = ''] = line.trim().split(/\s{2,}/);
      const [starterTid, ...starterComm] = starter!.split(':');
      const sample: RawStack = {
        timeNs: BigInt(index),
        root: Number(root),
        pid: Number(pid),
        tid: Number(tid),
        comm: comm!,
        cpu: 0,
        event: 0,
        outcome: 'complete',
        starter: starter === '-' ? undefined : { tid: Number(starterTid), comm: starterComm.join(':') },
        frames: new Uint32Array(0),
        kernelFrameCount: 0,
      };
      return { sample, frames: frames.split(';').flatMap((name) => FRAMES[name] ?? [name]) };
    });
}

function rootsOf(
  by: GroupBy,
  text: string,
  processes: readonly RootProcess[] = [LIB, IT],
  more: Partial<Grouping> = {},
): string[] | undefined {
  const stacks = new Map(drawn(text).map(({ sample, frames }) => [sample, frames]));
  const framesOf = (sample: RawStack) =>
    stacks.get(sample)!.map((name) => ({ name: name.replace(/\?$/, ''), hasDebugInfo: !name.endsWith('?') }));
  const samples = [...stacks.keys()];
  const names = groupNames(
    samples,
    { by, processes, hasAllStarters: true, ...more },
    new StackReader(framesOf),
  );
  return names && samples.map((sample) => names.get(sample)!);
}

test('the default: by test where tests are launched one by one', () => {
  assert.equal(defaultGroupBy([{ ...LIB, testName: 'tests::a' }]), 'test');
  assert.equal(
    defaultGroupBy([
      { ...LIB, testName: 'tests::a' },
      { ...IT, testName: 'b' },
    ]),
    'test',
  );
});

test('the default: no roots for one binary, however often it ran; by binary for several', () => {
  assert.equal(defaultGroupBy([LIB, { ...LIB, root: 3, pid: 300 }]), 'none');
  assert.equal(defaultGroupBy([LIB, IT]), 'binary');
  assert.equal(rootsOf('none', '1  100  100  lib  -  main'), undefined);
});

test('by binary: children stand under what they descend from, whatever they are now', () => {
  const text = `
    1  100  100  lib-0123  -       main
    2  100  100  it-4567   -       main
    1  150  150  sh        -       main
    2  151  152  worker    151:it  main
    9  160  160  sh        -       main`;
  assert.deepEqual(rootsOf('binary', text), ['pkg', 'pkg::it', 'pkg', 'pkg::it', '[unknown process]']);
});

test('by process: binary or newest name of the first thread, and the pid', () => {
  const text = `
    1  100  100  lib-0123  -  main
    1  100  101  worker    -  main
    1  150  150  lib-0123  -  main
    1  150  150  sleep     -  main
    1  150  151  helper    -  main
    1  160  161  helper    -  main
    2  150  150  sleep     -  main
    9  170  170  sh        -  main`;
  assert.deepEqual(rootsOf('process', text), [
    'pkg [pid 100]',
    'pkg [pid 100]',
    'sleep [pid 150]',
    'sleep [pid 150]',
    'sleep [pid 150]',
    'child of pkg [pid 160]',
    'sleep [pid 150] #2',
    '[unknown process]',
  ]);
});

test('by thread: threads of one name are one root, in all processes', () => {
  const text = `
    1  100  101  worker  -  main
    1  100  102  worker  -  main
    2  200  201  worker  -  main
    1  100  100  main    -  main`;
  assert.deepEqual(rootsOf('thread', text), ['worker', 'worker', 'worker', 'main']);
});

test('by test: the whole name from the stack, also for what else the thread and its children do', () => {
  const text = `
    1  100  100  lib-0123         -                    main*
    1  100  101  parser::tests::  -                    libtest*;core::ops::function::FnOnce::call_once;lib::parser::tests::one::{closure};lib::parser::tests::one
    1  100  102  parser::tests::  -                    libtest*;<lib::parser::tests::two::{closure} as core::ops::function::FnOnce<()>>::call_once?;lib::helper?
    1  100  101  parser::tests::  -                    start_thread
    1  100  103  parser::tests::  101:parser::tests::  start_thread;lib::work
    1  100  104  worker           102:parser::tests::  start_thread;lib::work
    1  150  150  cc1              102:parser::tests::  _start;main
    1  151  151  parser::tests::  101:parser::tests::  libtest*;lib::parser::tests::one::{closure};lib::parser::tests::one`;
  const [one, two] = ['parser::tests::one', 'parser::tests::two'];
  assert.deepEqual(rootsOf('test', text), ['[outside of tests]', one, two, one, one, two, two, one]);
});

test('by test: a thread of which no stack tells the test has the name that Linux has left of it', () => {
  const text = `
    1  100  100  lib-0123         -                    main*
    1  100  101  parser::tests::  -                    libtest*;lib::parser::tests::one::{closure}
    1  100  102  parser::tests::  -                    start_thread
    1  100  103  worker           102:parser::tests::  start_thread
    1  100  104  short::name      -                    start_thread
    1  100  105  lib-0123         -                    start_thread`;
  const cut = 'parser::tests::… (rest of the name unknown)';
  const [outside, one] = ['[outside of tests]', 'parser::tests::one'];
  assert.deepEqual(rootsOf('test', text), [outside, one, cut, cut, 'short::name', outside]);
  const listed = (...testNames: string[]) => rootsOf('test', text, [{ ...LIB, testNames }])!.slice(2, 5);
  assert.deepEqual(listed(one, 'parser::tests::two', 'short::name'), [
    'parser::tests::two',
    'parser::tests::two',
    'short::name',
  ]);
  const ambiguous = 'parser::tests::… (one of 2 tests)';
  assert.deepEqual(listed(one, 'parser::tests::two', 'parser::tests::six'), [ambiguous, ambiguous, outside]);
});

test('by test: what contradicts itself is no test’s', () => {
  const closure = 'libtest*;lib::tests::one::{closure}';
  const text = `
    1  100  100  lib-0123         -  main*
    1  100  101  tests::same      -  ${closure}
    1  100  102  renamed          -  ${closure}
    1  100  103  parser::tests::  -  libtest*;lib::parser::tests::helper?
    1  100  104  tests::one       -  libtest*;lib::helper?`;
  assert.deepEqual(rootsOf('test', text), [
    '[outside of tests]',
    '[unknown test]',
    '[unknown test]',
    'parser::tests::… (rest of the name unknown)',
    'tests::one',
  ]);
});

test('by test: a thread number that was used again tells nothing without the stack', () => {
  const text = `
    1  100  101  a::one  -          libtest*;lib::a::one::{closure}
    1  100  101  a::two  -          libtest*;lib::a::two::{closure}
    1  100  105  worker  101:a::one  start_thread`;
  assert.deepEqual(rootsOf('test', text), ['a::one', 'a::two', '[unknown test]']);
});

test('by test: what runs on the first thread is known by its stack, and its threads are nobody’s', () => {
  const text = `
    1  100  100  lib-0123  -  main*;test::__rust_begin_short_backtrace;lib::tests::one::{closure}
    1  100  100  lib-0123  -  main*;test::__rust_begin_short_backtrace;lib::helper?
    1  100  101  worker    -  start_thread
    1  150  150  lib-0123  -  main*;test::__rust_begin_short_backtrace;lib::tests::two::{closure}`;
  assert.deepEqual(rootsOf('test', text), [
    'tests::one',
    '[unknown test]',
    '[outside of tests]',
    'tests::two',
  ]);
});

test('by test: without all starters a thread’s name alone proves nothing', () => {
  const text = `
    1  100  100  lib-0123  -  main*
    1  100  101  worker    -  start_thread`;
  assert.deepEqual(rootsOf('test', text, [LIB], { hasAllStarters: false }), [
    '[outside of tests]',
    '[unknown test]',
  ]);
});

test('by test: a name that two binaries have is told with the binary’s', () => {
  const text = `
    1  100  101  tests::one  -  libtest*;lib::tests::one::{closure}
    1  100  102  tests::two  -  libtest*;lib::tests::two::{closure}
    2  200  201  tests::one  -  libtest*;it::tests::one::{closure}
    2  200  200  it-4567     -  main*`;
  assert.deepEqual(rootsOf('test', text), [
    'pkg tests::one',
    'tests::two',
    'pkg::it tests::one',
    '[outside of tests]',
  ]);
});

test('by test: a process that runs one test is that test’s, with all that it starts', () => {
  const text = `
    1  100  100  lib-0123    -              main*
    1  100  101  tests::one  -              libtest*;lib::tests::other::{closure}
    1  150  150  sleep       101:tests::on  main`;
  const one = 'tests::one';
  assert.deepEqual(rootsOf('test', text, [{ ...LIB, testName: one }]), [one, one, one]);
});

test('by test: an example of documentation by its function, else all of a package together', () => {
  const doctest = {
    ...LIB,
    executable: '/tmp/rustdoctest1/rust_out',
    binaryName: 'pkg::doctest',
    isDoctest: true,
  };
  const own = `
    1  100  100  rust_out  -  _start;rust_out::main;rust_out::main::_doctest_main_src_lib_rs_12_0;lib::work
    1  100  101  rust_out  -  start_thread;lib::work`;
  assert.deepEqual(rootsOf('test', own, [doctest]), Array(2).fill('pkg::doctest src_lib_rs_12'));
  const merged = '1  100  101  src/lib.rs - f  -  libtest*;doctest_runner_2024::__doctest_0::TEST::{closure}';
  assert.deepEqual(rootsOf('test', merged, [doctest]), ['pkg::doctest']);
});
