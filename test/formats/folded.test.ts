import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { FoldedSyntaxError, readFolded, writeFolded } from '../../src/formats/folded.js';
import { frameAt, NO_STACK, ProfileBuilder, UNKNOWN_FRAME } from '../../src/profile/profile.js';
import { assertSound, profileFromText } from '../profile/profile-from-text.js';
import { assertGolden } from './golden.js';
import { assertRoundTrip } from './round-trip.js';

const PROFILES = fileURLToPath(new URL('../../../fixtures/profiles/', import.meta.url));

function foldedOf(...names: string[]): string {
  const builder = new ProfileBuilder();
  const add = (parent: number, name: string) =>
    builder.addStack(parent, builder.addFrame({ ...UNKNOWN_FRAME, name }));
  builder.addSample({ stack: names.reduce(add, NO_STACK), count: 7, pid: 1, tid: 1, comm: '' });
  return writeFolded(assertSound(builder.finish()));
}

test('stacks of all threads, merged and sorted by bytes', () => {
  const profile = profileFromText(`
    main             main                                  main        main             Émile
    parse (a.rs:1)   <T as core::fmt::Display>::fmt_[i]    write_[k]   parse (a.rs:2)   jitted_[j]
    ×2               ×3                                    ×4          ×5
  `);
  assertGolden(writeFolded(profile), 'folded/suffixes.folded');
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
  assert.equal(writeFolded(profile), 'a:b 2\n');
});

test('no sample, no line', () => {
  assert.equal(writeFolded(new ProfileBuilder().finish()), '');
  assert.equal(readFolded('').totalCount, 0);
});

for (const file of readdirSync(PROFILES).filter((name) => name.endsWith('.folded'))) {
  test(`${file} is read and written back as it is`, () => {
    assertRoundTrip(readFileSync(PROFILES + file, 'utf8'));
  });
}

test('suffixes come back as kinds', () => {
  const profile = assertSound(readFolded('main;f_[i];g_[j];h_[k] 2\n'));
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
  assert.equal(writeFolded(readFolded('# written by hand\r\n\r\nmain;f 1\r\nmain;f 2')), 'main;f 3\n');
});

test('a line without a count is refused with its number', () => {
  for (const line of ['main;f', 'main;f 1.5', 'main;f x', 'main;f 99999999999999999999']) {
    assert.throws(
      () => readFolded(`main 1\n${line}\n`),
      (error) => error instanceof FoldedSyntaxError && error.lineNumber === 2,
    );
  }
});
