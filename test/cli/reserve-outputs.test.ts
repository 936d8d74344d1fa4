import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { ReservedFile, reserveUnique } from '../../src/surfaces/cli/reserve-outputs.js';
import { UsageProblem } from '../../src/surfaces/cli/usage-problem.js';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'bee-outputs-test-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

test('nothing stands at the path until the content is whole', () => {
  const path = join(directory, 'out.svg');
  const file = ReservedFile.reserve(path);
  assert.ok(!readdirSync(directory).includes('out.svg'));
  assert.equal(file.commit('<svg>é</svg>'), 13);
  assert.equal(readFileSync(path, 'utf8'), '<svg>é</svg>');
  assert.deepEqual(readdirSync(directory), ['out.svg']);
});

test('an older file stays as it was until then, and a discarded run leaves it', () => {
  const path = join(directory, 'out.svg');
  writeFileSync(path, 'older');
  const file = ReservedFile.reserve(path);
  assert.equal(readFileSync(path, 'utf8'), 'older');
  file.discard();
  assert.equal(readFileSync(path, 'utf8'), 'older');
  assert.deepEqual(readdirSync(directory), ['out.svg']);
});

test('a discard after the commit removes nothing', () => {
  const file = ReservedFile.reserve(join(directory, 'a'));
  file.commit('x');
  file.discard();
  assert.deepEqual(readdirSync(directory), ['a']);
});

test('what cannot be written is refused at once, with the path and nothing left', () => {
  writeFileSync(join(directory, 'plain'), '');
  mkdirSync(join(directory, 'folder.svg'));
  for (const path of ['missing/out.svg', 'plain/out.svg', 'folder.svg', 'folder.svg/']) {
    assert.throws(
      () => ReservedFile.reserve(join(directory, path)),
      (error) => error instanceof UsageProblem && error.message.includes(join(directory, path)),
      path,
    );
  }
  assert.deepEqual(readdirSync(directory).sort(), ['folder.svg', 'plain']);
});

test('devices are written, not replaced', () => {
  const file = ReservedFile.reserve('/dev/null');
  file.commit('x');
  assert.ok(statSync('/dev/null').isCharacterDevice());
});

test('a symbolic link keeps pointing: its target gets the content', () => {
  writeFileSync(join(directory, 'real.svg'), 'older');
  symlinkSync('real.svg', join(directory, 'latest.svg'));
  ReservedFile.reserve(join(directory, 'latest.svg')).commit('new');
  assert.equal(readFileSync(join(directory, 'latest.svg'), 'utf8'), 'new');
  assert.equal(readFileSync(join(directory, 'real.svg'), 'utf8'), 'new');
});

test('a replaced file keeps its permissions', () => {
  const path = join(directory, 'out.svg');
  writeFileSync(path, 'older');
  chmodSync(path, 0o640);
  ReservedFile.reserve(path).commit('new');
  assert.equal(statSync(path).mode & 0o777, 0o640);
});

test('default names tell target and local time, and never overwrite', () => {
  const now = new Date(2026, 0, 31, 4, 5, 6);
  const folder = join(directory, 'target', 'profiles');
  const names = [1, 2, 3].map(() => {
    const file = reserveUnique(folder, 'my server', '.svg', now);
    file.commit('x');
    return file.path.slice(folder.length + 1);
  });
  assert.equal(new Set(names).size, 3);
  assert.match(names[0]!, /^my_server-2026-01-31.04.05.06\.svg$/);
  assert.deepEqual(readdirSync(folder).sort(), [...names].sort());
});

test('two runs in the same second get two names even before either has written', () => {
  const now = new Date(2026, 0, 31, 4, 5, 6);
  const first = reserveUnique(directory, 'x', '.svg', now);
  const second = reserveUnique(directory, 'x', '.svg', now);
  assert.notEqual(first.path, second.path);
  first.discard();
  second.discard();
  assert.deepEqual(readdirSync(directory), []);
});

test('what a killed run left is removed by the next; what may be in use, or is not ours, stays', () => {
  const dead = spawnSync('true').pid;
  const stays = [
    `.out.svg.bee-${process.ppid}.tmp`, // its run goes on
    `.out.svg.${dead}.tmp`, // not our naming
    '.other.svg.bee-lock', // no link of ours
    '.else.svg.bee-lock',
  ];
  for (const name of stays.slice(0, 3)) writeFileSync(join(directory, name), '');
  symlinkSync(`bee-${process.ppid}`, join(directory, stays[3]!));
  writeFileSync(join(directory, `.out.svg.bee-${dead}.tmp`), 'half');
  symlinkSync(`bee-${dead}`, join(directory, '.new.svg.bee-lock'));
  const file = ReservedFile.reserve(join(directory, 'other.svg'));
  file.discard();
  assert.deepEqual(readdirSync(directory).sort(), stays.sort());
});

test('a killed run does not keep its default name from others', () => {
  const now = new Date(2026, 0, 31, 4, 5, 6);
  const { pid } = spawnSync('true');
  symlinkSync(`bee-${pid}`, join(directory, '.x-2026-01-31T04-05-06.svg.bee-lock'));
  const file = reserveUnique(directory, 'x', '.svg', now);
  file.discard();
  assert.ok(file.path.endsWith('/x-2026-01-31T04-05-06.svg'), file.path);
  assert.deepEqual(readdirSync(directory), []);
});
