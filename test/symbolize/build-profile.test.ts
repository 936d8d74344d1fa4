import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RawObject } from '../../src/capture/raw-profile.js';
import type { FrameRuleName } from '../../src/ffi/record-names.js';
import {
  type AddressEntries,
  KERNEL_OBJECT,
  type ResolvedAddresses,
  type ResolvedFrame,
  type Symbolizer,
} from '../../src/ffi/symbolizer.js';
import { findIntegrityProblems } from '../../src/profile/integrity.js';
import { frameAt, framesOfStack, type Profile, sampleAt } from '../../src/profile/profile.js';
import type { Grouping } from '../../src/symbolize/grouping/grouping.js';
import type { BuiltProfile } from '../../src/symbolize/profile-assembler.js';
import { buildProfile } from './build-profile.js';
import { type DrawnFrame, DrawnRun, type DrawnSample, drawnSample } from './drawn-run.js';

const APP = 1;
const LIBC = 2;
const VDSO = 3;
const OBJECTS: RawObject[] = [
  { id: APP, path: '/ws/target/release/app', buildId: '', isVdso: false },
  { id: LIBC, path: '/lib/libc.so.6 (deleted)', buildId: '', isVdso: false },
  { id: VDSO, path: '[vdso]', buildId: '', isVdso: true },
];

/** `object:address` → frames innermost first, `~` before an inlined one, `name@file:line` where there is a line. */
const SYMBOLS: Record<string, string[]> = {
  '1:10': ['main@/ws/src/main.rs:5'],
  '1:20': ['~parse@/ws/src/parse.rs:7', '~next@/ws/src/lex.rs:9', 'run@/ws/src/main.rs:8'],
  '2:30': ['malloc'],
  '0:40': ['jit loop'],
  'k:50': ['vfs_read'],
};

/** `object:address` → where its function begins, which has no name. */
const UNNAMED: Record<string, bigint> = { '1:4096': 0x1000n, '1:4100': 0x1000n, '2:4100': 0x1000n };

class TableSymbolizer implements Symbolizer {
  readonly asked: string[] = [];

  symbolize({ addresses, objects }: AddressEntries): Promise<ResolvedAddresses> {
    const keys = Array.from(addresses, (address, index) => {
      const object = objects[index] === KERNEL_OBJECT ? 'k' : objects[index];
      return `${object}:${address}`;
    });
    this.asked.push(...keys);
    const framesAt = (index: number) => framesOfKey(keys[index]!);
    return Promise.resolve({ length: keys.length, framesAt, problems: [] });
  }
}

function framesOfKey(key: string): ResolvedFrame[] {
  const unnamedStart = UNNAMED[key];
  if (unnamedStart !== undefined) return [{ ...parseFrame('', key), unnamedStart }];
  return (SYMBOLS[key] ?? []).map((text) => parseFrame(text, key));
}

function parseFrame(text: string, key: string): ResolvedFrame {
  const [, inlined, name, file = '', line = '0'] = /^(~?)([^@]*)(?:@(.*):(\d+))?$/.exec(text)!;
  return {
    name: name!,
    file,
    line: Number(line),
    column: 0,
    isInlined: inlined === '~',
    hasDebugInfo: file !== '',
    module: key.startsWith('k') ? '[kernel]' : '',
  };
}

function word(object: number, address: bigint, rule: FrameRuleName = 'cfi'): DrawnFrame {
  return { object, address, rule };
}

async function build(
  samples: readonly DrawnSample[],
  symbolizer: Symbolizer = new TableSymbolizer(),
  grouping?: Grouping,
): Promise<BuiltProfile> {
  const packages = [{ name: 'app', version: '1.0.0', directory: '/ws', isWorkspaceMember: true }];
  const batch = new DrawnRun().batch(samples, OBJECTS);
  const built = await buildProfile(batch, symbolizer, packages, grouping);
  assert.deepEqual(findIntegrityProblems(built.profile), []);
  return built;
}

/** `main;run;next[i];vfs_read[kernel] 3`, root first. */
function stackLines(profile: Profile): string[] {
  return Array.from({ length: profile.samples.length }, (_, index) => {
    const { stack, values } = sampleAt(profile, index);
    const names = framesOfStack(profile, stack).map((frame) => {
      const { name, isInlined, kind } = frameAt(profile, frame);
      return `${name}${isInlined ? '[i]' : ''}${kind === 'user' ? '' : `[${kind}]`}`;
    });
    return `${names.join(';')} ${values[0]}`;
  });
}

test('leaf-first raw frames become root-first stacks with inlined frames inside their function', async () => {
  const { profile } = await build([
    drawnSample({
      count: 3,
      userFrames: [word(LIBC, 30n), word(APP, 20n), word(APP, 10n)],
      kernelFrames: [50n],
    }),
  ]);
  assert.deepEqual(stackLines(profile), ['main;run;next[i];parse[i];malloc;vfs_read[kernel] 3']);
});

test('frames keep their module, file, line and origin', async () => {
  const { profile } = await build([drawnSample({ userFrames: [word(APP, 20n)], kernelFrames: [50n] })]);
  const { stack } = sampleAt(profile, 0);
  const facts = framesOfStack(profile, stack)
    .map((frame) => frameAt(profile, frame))
    .map(({ name, file, line, origin, crate, module }) =>
      [name, file, line, origin, crate, module].join(' '),
    );
  assert.deepEqual(facts, [
    'run /ws/src/main.rs 8 workspace app /ws/target/release/app',
    'next /ws/src/lex.rs 9 workspace app /ws/target/release/app',
    'parse /ws/src/parse.rs 7 workspace app /ws/target/release/app',
    'vfs_read  0 kernel  [kernel]',
  ]);
});

test('unresolved frames are named by module and offset, and unknown only without a module', async () => {
  const unresolved = [word(APP, 0xabcn), word(LIBC, 0xdefn), word(VDSO, 0x9n), word(0, 77n)];
  const { profile } = await build([drawnSample({ userFrames: unresolved, kernelFrames: [51n] })]);
  assert.deepEqual(stackLines(profile), [
    '[unknown];[vdso+0x9];[libc.so.6+0xdef];[app+0xabc];[kernel][kernel] 1',
  ]);
});

test('addresses of a function without a name are one frame, named by its start and not symbolized', async () => {
  const leaves = [word(APP, 0x1000n), word(APP, 0x1004n), word(LIBC, 0x1004n)];
  const { profile, statistics } = await build(leaves.map((leaf) => drawnSample({ userFrames: [leaf] })));
  assert.deepEqual(stackLines(profile), ['[app+0x1000] 2', '[libc.so.6+0x1000] 1']);
  assert.deepEqual([statistics.frames.user, statistics.frames.symbolized], [3, 0]);
});

test('an address is asked for once, whatever its rule and process; outside of files per process', async () => {
  const symbolizer = new TableSymbolizer();
  await build(
    [
      drawnSample({ userFrames: [word(APP, 10n), word(0, 40n)] }),
      drawnSample({ pid: 200, userFrames: [word(APP, 10n, 'framePointer'), word(0, 40n)] }),
    ],
    symbolizer,
  );
  assert.deepEqual(symbolizer.asked, ['1:10', '0:40', '0:40']);
});

test('code named by a perf map is JIT code', async () => {
  const { profile } = await build([drawnSample({ userFrames: [word(0, 40n, 'jit')] })]);
  assert.deepEqual(stackLines(profile), ['jit loop[jit] 1']);
});

test('shares count physical frames weighted by samples', async () => {
  const { statistics } = await build([
    drawnSample({
      count: 10,
      userFrames: [word(LIBC, 30n, 'plt'), word(APP, 20n), word(APP, 10n)],
      kernelFrames: [50n, 51n],
    }),
    drawnSample({ count: 2, outcome: 'noCfi', userFrames: [word(APP, 999n, 'framePointer')] }),
    drawnSample({ count: 1, outcome: 'exiting' }),
    drawnSample({ count: 5, outcome: 'kernelOnly', kernelFrames: [50n] }),
  ]);
  assert.deepEqual(statistics, {
    stacks: {
      user: 13,
      complete: 10,
      maxDepth: 3,
      incomplete: { noTable: 0, noCfi: 2, readFault: 0, depth: 0, exiting: 1, thirtyTwoBit: 0 },
    },
    frames: {
      user: 32,
      symbolized: 30,
      withLine: 20,
      inlined: 20,
      kernel: 25,
      kernelSymbolized: 15,
      stale: 0,
      by: { cfi: 20, framePointer: 2, plt: 10, signal: 0, jit: 0, snapshot: 0, synthesized: 0, guessed: 0 },
    },
  });
});

test('a root is a frame below everything and changes nothing else', async () => {
  const samples = [
    drawnSample({ count: 3, userFrames: [word(APP, 20n), word(APP, 10n)] }),
    drawnSample({ count: 2, outcome: 'noCfi', userFrames: [word(APP, 20n)] }),
    drawnSample({ count: 1, root: 9, outcome: 'exiting' }),
  ];
  const process = { root: 1, pid: 100, executable: '/ws/target/release/app', binaryName: 'app::bin/app' };
  const grouped = await build(samples, undefined, {
    by: 'binary',
    processes: [process],
    hasAllStarters: true,
  });
  assert.deepEqual(stackLines(grouped.profile), [
    'app::bin/app;main;run;next[i];parse[i] 3',
    'app::bin/app;[incomplete stack];run;next[i];parse[i] 2',
    '[unknown process];[unknown] 1',
  ]);
  assert.deepEqual(
    [...grouped.groups!],
    [
      ['app::bin/app', 5],
      ['[unknown process]', 1],
    ],
  );
  const plain = await build(samples);
  assert.deepEqual(grouped.statistics, plain.statistics);
  assert.equal(plain.groups, undefined);
  const [root] = framesOfStack(grouped.profile, sampleAt(grouped.profile, 0).stack);
  const { origin, kind, crate, module, file } = frameAt(grouped.profile, root!);
  assert.deepEqual([origin, kind, crate, module, file], ['unknown', 'user', '', '', '']);
});

test('every sample is delivered, also one without any frame', async () => {
  const { profile } = await build([
    drawnSample({ count: 4, outcome: 'exiting' }),
    drawnSample({ count: 3, tid: 102 }),
  ]);
  assert.equal(profile.totalCount, 7);
});
