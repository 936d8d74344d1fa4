import assert from 'node:assert/strict';
import { test } from 'node:test';
import { splitByRoot } from '../../src/profile/split-by-root.js';
import { foldedText } from '../formats/folded-text.js';
import { assertSound, profileFromText } from './profile-from-text.js';

test('one part for each outermost name; together they are the whole', () => {
  const profile = profileFromText(`
    a        b      a        a
    main     main   main     other
    work     ×2     read_[k] ×4
    work            ×3
  `);
  const parts = splitByRoot(profile);
  assert.deepEqual(
    parts.map(({ root, profile: part }) => [root, part.totalCount, foldedText(assertSound(part))]),
    [
      ['a', 8, 'a;main;read_[k] 3\na;main;work;work 1\na;other 4\n'],
      ['b', 2, 'b;main 2\n'],
    ],
  );
  const lines = parts.flatMap(({ profile: part }) => foldedText(part).split('\n')).filter(Boolean);
  assert.equal(`${lines.sort().join('\n')}\n`, foldedText(profile));
});

test('a profile without samples has no parts', () => {
  assert.deepEqual(splitByRoot(profileFromText('')), []);
});
