import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

const tracked = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  encoding: 'utf8',
})
  .split('\n')
  .filter(Boolean);

/** CONTRIBUTING.md, and what stands in a room about its files. */
const guides = tracked.filter(
  (file) => /(^|\/)(CONTRIBUTING|README)\.md$/.test(file) && file !== 'README.md',
);

/** `a/b.ts`, whole or from any folder on; `NAME` stands for what is to be added. */
function namedFiles(guide: string): string[] {
  const text = readFileSync(guide, 'utf8');
  const words = Array.from(
    text.matchAll(/`((?:\.\.\/)*[\w./-]+\.(?:ts|mjs|rs|c|h|md))`/g),
    ([, word]) => word!,
  );
  return words.map((word) => word.replace(/^(\.\.\/)+/, '')).filter((word) => !word.includes('NAME'));
}

test('there are guides, and they name files', () => {
  assert.ok(guides.length > 20, guides.join(' '));
  assert.ok(guides.flatMap(namedFiles).length > 40);
});

test('every file that a guide names is there', () => {
  const missing = guides.flatMap((guide) =>
    namedFiles(guide)
      .filter((name) => !tracked.some((file) => `/${file}`.endsWith(`/${name}`)))
      .map((name) => `${guide}: ${name}`),
  );
  assert.deepEqual(missing, []);
});

test('every folder of src has a guide', () => {
  const folders = new Set(
    tracked.filter((file) => /^src\/.+\//.test(file)).map((file) => file.split('/')[1]!),
  );
  const without = [...folders].filter((folder) => !tracked.includes(`src/${folder}/README.md`));
  assert.deepEqual(without, []);
});
