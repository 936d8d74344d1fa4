import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { correctedIntervalName, intervalName } from '../../../src/surfaces/cli/outputs/interval-name.js';
import { scratchDirectory } from '../../kernel/running/scratch-directory.js';

const NOON = new Date(2026, 10, 21, 11, 30, 0);

/** pattern | the file of the third interval, which began on 21 November 2026 at half past eleven */
const NAMES: [pattern: string, name: string][] = [
  ['out-%n.svg', 'out-00003.svg'],
  ['%t.folded', '2026-11-21T11-30-00.folded'],
  ['a%%n-%n.svg', 'a%n-00003.svg'],
  ['%n/%n-%t', '00003/00003-2026-11-21T11-30-00'],
];

for (const [pattern, name] of NAMES)
  test(`${pattern} names ${name}`, () =>
    assert.equal(intervalName(pattern, { number: 3, from: NOON }), name));

test('the numbers go on after the fifth digit', () => {
  assert.equal(intervalName('%n.svg', { number: 123_456, from: NOON }), '123456.svg');
});

test('where only the time tells files apart, none is overwritten', () => {
  const pattern = join(scratchDirectory(), '%t.svg');
  const names = [1, 2, 3].map((number) => {
    const name = intervalName(pattern, { number, from: NOON });
    writeFileSync(name, '');
    return basename(name);
  });
  const stem = '2026-11-21T11-30-00';
  assert.deepEqual(names, [`${stem}.svg`, `${stem}-2.svg`, `${stem}-3.svg`]);
});

/** name | what it should be; undefined: it can stay */
const CORRECTED: [name: string, corrected: string | undefined][] = [
  ['out-%n.svg', undefined],
  ['%t.svg', undefined],
  ['100%%-%n.svg', undefined],
  ['out.svg', 'out-%n.svg'],
  ['folder.d/out', 'folder.d/out-%n'],
  ['100%.svg', '100%%-%n.svg'],
  ['100%-%n.svg', '100%%-%n.svg'],
  ['%n-%', '%n-%%'],
  ['%%n.svg', '%%n-%n.svg'],
];

for (const [name, corrected] of CORRECTED)
  test(`${name} ${corrected === undefined ? 'tells intervals apart' : `should be ${corrected}`}`, () =>
    assert.equal(correctedIntervalName(name), corrected));
