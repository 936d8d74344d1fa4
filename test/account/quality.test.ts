import assert from 'node:assert/strict';
import { test } from 'node:test';
import { qualityLine, qualityProblems } from '../../src/account/quality.js';
import type { Account } from '../../src/account/summary.js';
import { layoutFlamegraph } from '../../src/render/flamegraph-layout.js';
import { profileFromText } from '../profile/profile-from-text.js';
import { svgText } from '../render/svg-text.js';
import { emptyAccount } from './empty-account.js';

/** A profile that nothing is wrong with. */
function goodAccount(): Account {
  const made = emptyAccount();
  made.samples = { fired: 5000, expected: 5000, delivered: 5000, unaccounted: 0, lost: { ringbufFull: 0 } };
  Object.assign(made.stacks, { user: 5000, complete: 4995, maxDepth: 20 });
  Object.assign(made.frames, { user: 50_000, symbolized: 49_990 });
  made.cost.targetCpuNs = 5_000_000_000;
  return made;
}

function codesOf(account: Account): string[] {
  return qualityProblems(account).map(({ code }) => code);
}

test('a good profile has no problems', () => {
  assert.deepEqual(codesOf(goodAccount()), []);
});

/** The contract's limits: complete < 90 %, symbolized < 80 %, lost > 2 %, fewer than 100 samples; guessed > 2 % is ours. */
const LIMITS: { what: string; spoil: (account: Account) => void; isPoor: boolean }[] = [
  { what: '90 % complete', spoil: ({ stacks }) => Object.assign(stacks, { complete: 4500 }), isPoor: false },
  {
    what: '89.98 % complete',
    spoil: ({ stacks }) => Object.assign(stacks, { complete: 4499 }),
    isPoor: true,
  },
  {
    what: '80 % symbolized',
    spoil: ({ frames }) => Object.assign(frames, { symbolized: 40_000 }),
    isPoor: false,
  },
  {
    what: '79.998 % symbolized',
    spoil: ({ frames }) => Object.assign(frames, { symbolized: 39_999 }),
    isPoor: true,
  },
  { what: '2 % guessed', spoil: ({ frames }) => (frames.by.guessed = 1000), isPoor: false },
  { what: '2.002 % guessed', spoil: ({ frames }) => (frames.by.guessed = 1001), isPoor: true },
  { what: '2 % lost', spoil: (account) => lose(account, 100), isPoor: false },
  { what: '2.02 % lost', spoil: (account) => lose(account, 101), isPoor: true },
  { what: '1.999 % of ticks throttled', spoil: (account) => skip(account, 102, 102), isPoor: false },
  { what: '2.02 % of ticks throttled', spoil: (account) => skip(account, 103, 103), isPoor: true },
  { what: '50 % of ticks taken by the host', spoil: (account) => skip(account, 5000, 0), isPoor: false },
  { what: '100 samples', spoil: (account) => deliver(account, 100), isPoor: false },
  { what: '99 samples', spoil: (account) => deliver(account, 99), isPoor: true },
  { what: 'no sample at all', spoil: (account) => deliver(account, 0), isPoor: true },
  { what: 'a sample unaccounted for', spoil: ({ samples }) => (samples.unaccounted = 1), isPoor: true },
];

for (const { what, spoil, isPoor } of LIMITS) {
  test(`${what}: ${isPoor ? 'poor' : 'good enough'}`, () => {
    const account = goodAccount();
    spoil(account);
    assert.equal(codesOf(account).length > 0, isPoor, codesOf(account).join());
  });
}

function skip({ event }: Account, skipped: number, throttled: number): void {
  Object.assign(event, { skipped, throttled, stolenNs: 3e9 });
}

test('the line shows skipped samples, and the host’s part in them', () => {
  const account = goodAccount();
  assert.doesNotMatch(qualityLine(account), /skipped/);
  skip(account, 500, 500);
  assert.match(qualityLine(account), / 9 % skipped ·/);
  skip(account, 500, 100);
  assert.match(
    qualityLine(account),
    / 9 % skipped \(the host took 3\.0 s of CPU time from this virtual machine\)/,
  );
});

function lose(account: Account, lost: number): void {
  Object.assign(account.samples, { delivered: 5000 - lost, lost: { ringbufFull: lost } });
}

function deliver(account: Account, count: number): void {
  Object.assign(account.samples, { fired: count, delivered: count });
  Object.assign(account.stacks, { user: count, complete: count });
  Object.assign(account.frames, { user: count, symbolized: count });
}

/** What a run at 19,999 Hz has cost, of 5 s of CPU time. */
const OVERLOADS: { what: string; spoil: (account: Account) => void; expected: RegExp | undefined }[] = [
  { what: '20 %', spoil: ({ cost }) => (cost.bpfRunNs = 1e9), expected: undefined },
  {
    what: '1316 %',
    spoil: ({ cost }) => Object.assign(cost, { bpfRunNs: 60e9, samplerCpuNs: 5.8e9 }),
    expected: /cost 1316 % .* lower --frequency 19999 to 49$/,
  },
  {
    what: 'deep stacks',
    spoil: ({ cost, frames }) => {
      cost.bpfRunNs = 2e9;
      frames.user = 5000 * 903;
    },
    expected: /lower --frequency 19999 to 1999, or cut stacks of 903 frames with --max-depth 100$/,
  },
  {
    what: 'tables',
    spoil: ({ cost, phasesNs }) => {
      cost.samplerCpuNs = 2e9;
      phasesNs.tables = 1.5e9;
    },
    expected: /reading unwind tables/,
  },
  {
    what: 'a full ring',
    spoil: (account) => lose(account, 3000),
    expected: /60 % of samples were lost \(ring buffer full: 3,000\); lower --frequency 19999 to 1999$/,
  },
  {
    what: 'nested samples',
    spoil: ({ samples }) => (samples.lost = { nested: 3000 }),
    expected: /nested samples: 3,000\)$/,
  },
  {
    what: 'a kernel that throttles',
    spoil: (account) => skip(account, 500, 500),
    expected: /^9\.1 % of the samples due were not taken: .*lower --frequency 19999 to 9999\)$/,
  },
];

for (const { what, spoil, expected } of OVERLOADS) {
  test(`too much is asked for (${what}): what to lower, and to what`, () => {
    const account = goodAccount();
    account.event.frequencyHz = 19_999;
    spoil(account);
    const messages = qualityProblems(account).map(({ message }) => message);
    if (expected === undefined) assert.deepEqual(messages, []);
    else assert.match(messages.join('\n'), expected);
  });
}

test('the suggested rate is below the one that was too much, down to one a second', () => {
  for (const [frequencyHz, expected] of [
    [10_000, 9999],
    [99, 49],
    [9, 4],
    [2, 1],
  ]) {
    const account = goodAccount();
    Object.assign(account.event, { frequencyHz, skipped: 500, throttled: 500 });
    const told = qualityProblems(account)[0]?.message;
    const [, suggested] = /lower --frequency \d+ to (\d+)\)$/.exec(told ?? '') ?? [];
    assert.ok(Number(suggested) < frequencyHz! && Number(suggested) <= expected!, told);
  }
});

test('threads caught in their exit do not make a profile poor', () => {
  const account = goodAccount();
  Object.assign(account.stacks, { complete: 3000 });
  account.stacks.incomplete.exiting = 2000;
  assert.deepEqual(codesOf(account), []);
});

test('code without optimization is named', () => {
  const account = goodAccount();
  const target = { argv: ['target/x'], pid: 1, uid: 0, kind: 'bin', exitCode: 0, signal: null };
  account.targets = [{ ...target, optLevel: '3' }];
  assert.deepEqual(codesOf(account), []);
  account.targets = [{ ...target, optLevel: '0' }];
  assert.equal(codesOf(account).length, 1);
});

test('the line never rounds up to a perfect 100 %', () => {
  const account = goodAccount();
  Object.assign(account.stacks, { user: 1_000_000, complete: 999_999 });
  Object.assign(account.frames, { user: 1_000_000, symbolized: 999_999 });
  assert.doesNotMatch(qualityLine(account), /\b100(\.0)? %/);
  assert.match(qualityLine(account), /99\.9 %/);
});

test('the line tells samples, completeness, names and losses; the problem of a loss tells its cause', () => {
  const account = goodAccount();
  lose(account, 500);
  assert.match(qualityLine(account), /4,500 samples.*complete.*symbolized.*500 lost/);
  assert.match(
    qualityProblems(account)
      .map(({ message }) => message)
      .join(),
    /ring buffer full: 500/,
  );
});

/** Guessed frames of 50,000 | what the line says */
const GUESSED: [guessed: number, says: string | undefined][] = [
  [0, undefined],
  [50, undefined],
  [51, '0.2 % of frames guessed'],
  [150, '0.3 % of frames guessed'],
  [151, '0.4 % of frames guessed'],
  [25_000, '50 % of frames guessed'],
];

test('the line tells the share of guessed frames above 0.1 %, and never less than it is', () => {
  for (const [guessed, says] of GUESSED) {
    const account = goodAccount();
    account.frames.by.guessed = guessed;
    assert.equal(/[\d.]+ % of frames guessed/.exec(qualityLine(account))?.[0], says, `${guessed} guessed`);
  }
});

test('a poor share of guessed frames says how they were found, and what would prove them', () => {
  const said = (unwinder: 'dwarf' | 'fp') => {
    const account = { ...goodAccount(), unwinder };
    account.frames.by.guessed = 5000;
    return qualityProblems(account);
  };
  assert.deepEqual(
    said('dwarf').map(({ code }) => code),
    ['guessed-frames'],
  );
  assert.match(said('dwarf')[0]!.message, /^10 % of frames are guesses: .*frame pointer.*nothing proves/);
  assert.match(said('fp')[0]!.message, /--unwind fp .*\(--unwind dwarf/);
});

test('the picture carries the share of guessed frames, and why that is poor', () => {
  const account = goodAccount();
  account.frames.by.guessed = 5000;
  const warnings = qualityProblems(account).map(({ message }) => message);
  const layout = layoutFlamegraph(profileFromText('main ×5000'));
  const svg = svgText(layout, { title: 'guesses', subtitle: qualityLine(account), warnings });
  const textOf = (className: string) =>
    Array.from(svg.matchAll(new RegExp(`class="${className}"[^>]*>([^<]*)`, 'g')), ([, text]) => text);
  assert.match(textOf('subtitle').join(' '), / · 10 % of frames guessed · /);
  assert.match(textOf('warning').join(' '), /⚠ 10 % of frames are guesses: .* nothing proves .*tables\)$/);
});

test('the line claims no more than that the walks came to the end', () => {
  assert.match(qualityLine(goodAccount()), / · 99\.9 % of stacks complete to the thread's start · /);
});

test('the line tells of frames in replaced files where there are any', () => {
  const account = goodAccount();
  assert.doesNotMatch(qualityLine(account), /replaced/);
  account.frames.stale = 1234;
  assert.match(qualityLine(account), / · 1,234 frames in replaced files · /);
});
