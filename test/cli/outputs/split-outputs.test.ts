import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { UsageError } from '../../../src/cargo/command/usage-error.js';
import { fileNames, ReservedSplit } from '../../../src/surfaces/cli/outputs/split-outputs.js';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'bee-split-test-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** root → its part of the file name */
const NAMES = `
server::bin/server      | server-bin-server
tests::unit burns       | tests-unit-burns
tests-unit-burns        | tests-unit-burns-2
TESTS::unit_burns       | TESTS-unit_burns
tests::unit_burns       | tests-unit_burns-2
tests::unit_burns-2     | tests-unit_burns-2-2
[outside of tests]      | outside-of-tests
prüfung::größe 1.5      | prüfung-größe-1.5
../../etc/passwd        | ..-..-etc-passwd
[[]]                    | root
`;

test('roots become names of files: safe, and never the same twice', () => {
  const rows = NAMES.split('\n').filter((line) => line.includes('|'));
  const expected = rows.map((row) => row.split('|').map((cell) => cell.trim()));
  assert.deepEqual([...fileNames(expected.map(([root]) => root!))], expected);
});

test('a long root stays below what a file system takes, at a whole character', () => {
  const [[, name] = []] = [...fileNames([`a${'é'.repeat(300)}`])];
  assert.equal(name, `a${'é'.repeat(74)}`);
});

test('the parts stand where the one file would, and that is not written', () => {
  const split = ReservedSplit.reserve(join(directory, 'out.svg'));
  assert.deepEqual(
    readdirSync(directory).filter((name) => !name.startsWith('.')),
    [],
  );
  const paths = split.pathsOf(['a::b', 'c']);
  assert.deepEqual(
    [...paths.values()].map((path) => basename(path)),
    ['out-a-b.svg', 'out-c.svg'],
  );
  writeFileSync(paths.get('c')!, 'older');
  const { sizes, failures } = split.commit(
    new Map([...paths.values()].map((path, index) => [path, `é${index}`])),
  );
  assert.deepEqual([[...sizes.values()], failures], [[3, 3], []]);
  assert.deepEqual(readdirSync(directory), ['out-a-b.svg', 'out-c.svg']);
  assert.equal(readFileSync(paths.get('c')!, 'utf8'), 'é1');
});

test('a part that cannot be written costs no other', () => {
  const split = ReservedSplit.reserve(join(directory, 'out.svg'));
  mkdirSync(join(directory, 'out-b.svg'));
  const contents = new Map(['a', 'b'].map((root) => [split.pathsOf(['a', 'b']).get(root)!, root]));
  const { sizes, failures } = split.commit(contents);
  assert.deepEqual([...sizes], [[join(directory, 'out-a.svg'), 1]]);
  assert.equal(
    failures.map(({ message }) => message).join(),
    `cannot write ${directory}/out-b.svg: it is a directory`,
  );
  assert.equal(readFileSync(join(directory, 'out-a.svg'), 'utf8'), 'a');
});

test('a bad folder and a device are refused at once; nothing stays behind', () => {
  assert.throws(() => ReservedSplit.reserve(join(directory, 'absent/out.svg')), UsageError);
  assert.throws(() => ReservedSplit.reserve('/dev/null'), /device/);
  ReservedSplit.reserve(join(directory, 'out.svg')).discard();
  assert.deepEqual(readdirSync(directory), []);
});

test('parts of an earlier run of the same second are not overwritten', () => {
  const now = new Date(2026, 0, 31, 12, 0, 0);
  const write = () => {
    const split = ReservedSplit.reserveUnique(directory, 'server', '.svg', now);
    const [path] = [...split.pathsOf(['root']).values()];
    split.commit(new Map([[path!, 'content']]));
  };
  write();
  write();
  const stem = 'server-2026-01-31T12-00-00';
  assert.deepEqual(readdirSync(directory).sort(), [`${stem}-2-root.svg`, `${stem}-root.svg`]);
});
