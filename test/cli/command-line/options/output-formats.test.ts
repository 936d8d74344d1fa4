import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  FORMAT_WORDS,
  formatNamed,
  formatOfPath,
  KNOWN_ENDINGS,
  knownEnding,
  OUTPUT_FORMATS,
} from '../../../../src/surfaces/cli/command-line/options/output-formats.js';

const ENDINGS = ['.json', '.speedscope.json', '.gz', '.pb.gz', '.svg'];

/** A path | the longest known ending */
const PATHS = `
out.json            | .json
out.speedscope.json | .speedscope.json
a.b/out.PB.gz       | .pb.gz
out.tar.gz          | .gz
out.svg.gz          | .gz
.svg                |
.pb.gz              | .gz
a.svg/out           |
out                 |
-                   |
`;

test('the longest known ending decides', () => {
  for (const row of PATHS.split('\n').filter((line) => line.includes('|'))) {
    const [path = '', ending = ''] = row.split('|').map((cell) => cell.trim());
    assert.equal(knownEnding(path, ENDINGS) ?? '', ending, path);
  }
});

test('no name, ending or flag stands for two formats', () => {
  assert.equal(new Set(KNOWN_ENDINGS).size, KNOWN_ENDINGS.length);
  assert.equal(new Set(OUTPUT_FORMATS.map(({ name }) => name)).size, OUTPUT_FORMATS.length);
  for (const format of OUTPUT_FORMATS)
    for (const word of [format.name, ...format.endings.map((ending) => ending.slice(1))])
      assert.equal(formatNamed(word), format, word);
});

test('each format has a usual ending, and every ending leads to its format', () => {
  for (const format of OUTPUT_FORMATS) {
    assert.ok(format.endings.length > 0, format.name);
    for (const ending of format.endings) {
      assert.match(ending, /^\.[a-z0-9.]+$/);
      assert.equal(formatOfPath(`out${ending}`), format, ending);
    }
  }
  assert.deepEqual(FORMAT_WORDS.map(formatNamed).includes(undefined), false);
});
