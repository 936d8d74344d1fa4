import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { FACTS_LAYOUT } from '../../src/ffi/wire/protocol.js';

/** Modules of bin/dev, each with the function that gives the files which it writes. */
const WRITERS = { 'protocol.mjs': 'protocolFiles', 'record.mjs': 'recordFiles' };

for (const [module, name] of Object.entries(WRITERS)) {
  test(`the committed files are those that ${module} writes`, async () => {
    const writer = await import(pathToFileURL(join(process.cwd(), 'bin', 'dev', module)).href);
    const files = Object.entries((writer as Record<string, () => Record<string, string>>)[name]!());
    assert.equal(files.length, 3);
    for (const [path, text] of files)
      assert.equal(readFileSync(path, 'utf8'), text, `${path}: npm run build writes it`);
  });
}

test('every fact that the sampler tells has a number in the table', () => {
  const folder = join('native', 'sampler', 'src');
  const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.rs'),
  );
  const texts = sources.map((name) => readFileSync(join(folder, name), 'utf8'));
  const told = texts.flatMap((text) => {
    const calls = /Facts::of\(|facts/.test(text)
      ? text.matchAll(/\.(?:number|text|bytes|texts|walk)\(\s*"(\w+)"/g)
      : [];
    return [...calls].map(([, name]) => name!);
  });
  const known = FACTS_LAYOUT.map(({ name }) => name);
  assert.ok(told.length > 20, `${told.length} facts`);
  assert.deepEqual(
    told.filter((name) => !known.includes(name) && !JSON_ONLY.includes(name)),
    [],
  );
});

/** Of `--bounds`, which is JSON. */
const JSON_ONLY = ['frequencyHz', 'memoryMiB'];
