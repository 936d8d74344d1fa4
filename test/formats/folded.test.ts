import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { FOLDED, FoldedSyntaxError } from '../../src/formats/folded.js';
import { frameAt, NO_STACK, ProfileBuilder, UNKNOWN_FRAME } from '../../src/profile/profile.js';
import { assertSound, profileFromText } from '../profile/profile-from-text.js';
import { foldedText, profileOfFolded } from './folded-text.js';
import { assertGolden } from './golden.js';
import { assertRoundTrip } from './round-trip.js';

const PROFILES = fileURLToPath(new URL('../../../fixtures/profiles/', import.meta.url));

function foldedOf(...names: string[]): string {
  const builder = new ProfileBuilder();
  const add = (parent: number, name: string) =>
    builder.addStack(parent, builder.addFrame({ ...UNKNOWN_FRAME, name }));
  builder.addSample({ stack: names.reduce(add, NO_STACK), values: [7], pid: 1, tid: 1, comm: '' });
  return foldedText(assertSound(builder.finish()));
}

test('stacks of all threads, merged and sorted by bytes', () => {
  const profile = profileFromText(`
    main             main                                  main        main             Émile
    parse (a.rs:1)   <T as core::fmt::Display>::fmt_[i]    write_[k]   parse (a.rs:2)   jitted_[j]
    ×2               ×3                                    ×4          ×5
  `);
  assertGolden(foldedText(profile), 'folded/suffixes.folded');
});

test('names are bent to a format without escaping', () => {
  assert.equal(foldedOf('core::array::map<[u8; 8]>'), 'core::array::map<[u8: 8]> 7\n');
  assert.equal(foldedOf('a\nb\tc\u0000d\u007fe\u0085f', 'g'), 'a b c d e f;g 7\n');
  assert.equal(foldedOf('', 'g'), '[unknown];g 7\n');
  assert.equal(foldedOf('\n', 'g'), '[unknown];g 7\n');
  assert.equal(foldedOf('main', 'worker 3'), 'main;worker_3 7\n');
  assert.equal(foldedOf('main', 'worker 3.5'), 'main;worker_3.5 7\n');
  assert.equal(foldedOf('main', 'worker 3 4'), 'main;worker 3_4 7\n');
  assert.equal(foldedOf('worker 3', '<T as Trait>::f'), 'worker 3;<T as Trait>::f 7\n');
  assert.equal(foldedOf('a\ud800b'), 'a\ufffdb 7\n');
});

test('stacks that look the same after bending stand on one line', () => {
  const profile = profileFromText(`
    a;b   a:b
  `);
  assert.equal(foldedText(profile), 'a:b 2\n');
});

/** Stacks whose order is another by frames, by texts without counts, or by UTF-16. */
const HARD_TO_SORT = [
  'f',
  'f (x)',
  'f!',
  'f;g',
  'f (x);g',
  'f:g',
  'f9',
  'f;\ue000',
  'f;🐝',
  'f;é;z',
  'g_[k]',
  'g_[i];f',
];

test('lines are sorted by their bytes, counts included', () => {
  const given = HARD_TO_SORT.map((stack, index) => `${stack} ${9 - (index % 9)}${index}\n`);
  const lines = foldedText(profileOfFolded(given.reverse().join(''))).match(/.+\n/g)!;
  assert.deepEqual(
    lines,
    lines.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
  );
  assert.deepEqual(lines.toSorted(), given.toSorted());
});

test('no sample, no line', () => {
  assert.equal(foldedText(new ProfileBuilder().finish()), '');
  assert.equal(profileOfFolded('').totalCount, 0);
});

for (const file of readdirSync(PROFILES).filter((name) => name.endsWith('.folded'))) {
  test(`${file} is read and written back as it is`, () => {
    assertRoundTrip(readFileSync(PROFILES + file, 'utf8'));
  });
}

test('suffixes come back as kinds', () => {
  const profile = assertSound(profileOfFolded('main;f_[i];g_[j];h_[k] 2\n'));
  const frames = [0, 1, 2, 3].map((index) => frameAt(profile, index));
  assert.deepEqual(
    frames.map(({ name, kind, isInlined, origin }) => [name, kind, isInlined, origin]),
    [
      ['main', 'user', false, 'unknown'],
      ['f', 'user', true, 'unknown'],
      ['g', 'jit', false, 'unknown'],
      ['h', 'kernel', false, 'kernel'],
    ],
  );
});

test('comments, blank lines and carriage returns of other writers are passed over', () => {
  assert.equal(foldedText(profileOfFolded('# written by hand\r\n\r\nmain;f 1\r\nmain;f 2')), 'main;f 3\n');
});

/** A file of another writer → ours. */
const FOREIGN: readonly [given: string, ours: string][] = [
  ['\ufeffmain;f 3\n', 'main;f 3\n'],
  ['main;f\t3\n', 'main;f 3\n'],
  ['main;f 3  \n', 'main;f 3\n'],
  ['main;f 0\nmain 1\n', 'main 1\n'],
  [';f 3\n', '[unknown];f 3\n'],
  ['java;Lcom/example/Main;;f 3\n', 'java;Lcom/example/Main;[unknown];f 3\n'],
  ['swapper/0;cpu idle 3\n', 'swapper/0;cpu idle 3\n'],
  ['-;main;-;sys_read_[k] 3', '-;main;-;sys_read_[k] 3\n'],
];

for (const [given, ours] of FOREIGN) {
  test(`of another writer: ${JSON.stringify(given)}`, () => {
    assert.ok(FOLDED.sniff(Buffer.from(given)));
    assert.equal(foldedText(assertSound(profileOfFolded(given))), ours);
    assertRoundTrip(ours);
  });
}

test('other files do not look folded', () => {
  for (const text of [
    '',
    '# a comment',
    '{"a": 3,',
    '<svg>\n3 3',
    'prog 12 [000] 1.5:  1 cycles:',
    '\0\x1f 3\n',
  ])
    assert.ok(!FOLDED.sniff(Buffer.from(text)), text);
});

test('a line without a count is refused with its number', () => {
  for (const line of ['main;f', 'main;f 1.5', 'main;f x', 'main;f 99999999999999999999']) {
    assert.throws(
      () => profileOfFolded(`main 1\n${line}\n`),
      (error) => error instanceof FoldedSyntaxError && error.lineNumber === 2,
    );
  }
});
