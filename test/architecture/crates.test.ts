import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { test } from 'node:test';
import { circlesOf, type Import, importsOf } from './rust-modules.js';

const native = resolve('native');

/**
 * The rooms of the sampler. Each may import those before it, and itself. Beside them are files that every room may import:
 * how a failure and a problem are told.
 */
const SAMPLER_ROOMS = ['rights', 'kernel', 'tables', 'spaces', 'unwind', 'serve'];
const FOR_ALL = ['facts.rs', 'failure.rs', 'problems.rs'];

const crates = readdirSync(native).filter((name) => rootOf(name) !== undefined);

function rootOf(crate: string): string | undefined {
  return ['lib.rs', 'main.rs']
    .map((name) => join(native, crate, 'src', name))
    .find((path) => existsSync(path));
}

function importsOfCrate(crate: string): Import[] {
  return importsOf(rootOf(crate)!, join(native, crate, 'src'));
}

test('the scan sees the crates and what their modules import', () => {
  for (const crate of ['sampler', 'ffi', 'elf', 'gate']) assert.ok(crates.includes(crate), crate);
  const sampler = importsOfCrate('sampler');
  assert.ok(sampler.length > 200, `${sampler.length} imports`);
  const has = (from: string, to: string) => sampler.some((entry) => entry.from === from && entry.to === to);
  assert.ok(has('serve/capture.rs', 'kernel/engine.rs'), 'a use of crate::');
  assert.ok(has('main.rs', 'rights/installation.rs'), 'a use of a child');
  assert.ok(!has('kernel/engine.rs', 'rights/caller.rs'), 'tests import what they like');
});

/** Each file of a drawn crate with what it says. */
function circlesOfDrawn(files: Record<string, string>): string[][] {
  const src = mkdtempSync(join(tmpdir(), 'bee-crate-'));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(src, name)), { recursive: true });
    writeFileSync(join(src, name), text);
  }
  const circles = circlesOf(importsOf(join(src, 'main.rs'), src));
  rmSync(src, { recursive: true });
  return circles;
}

test('a circle is seen however it is written', () => {
  const main = 'mod a; mod b; pub use b::Handed;';
  const circle = [['a.rs', 'b.rs']];
  for (const say of ['use crate::b::{self, c as d};', 'fn f() { crate::b::g() }', 'use crate::Handed;']) {
    assert.deepEqual(
      circlesOfDrawn({ 'main.rs': main, 'a.rs': say, 'b.rs': 'use super::a::f;' }),
      circle,
      say,
    );
  }
  const child = { 'main.rs': 'mod a;', 'a/mod.rs': 'mod c; fn f() { c::g() }', 'a/c.rs': 'use super::f;' };
  assert.deepEqual(circlesOfDrawn(child), [['a/c.rs', 'a/mod.rs']]);
});

test('what tests and comments name makes no circle', () => {
  const files = { 'main.rs': 'mod a; mod b;', 'b.rs': 'use crate::a::f;' };
  for (const say of [
    '// use crate::b::g;',
    'const S: &str = "crate::b::g";',
    '#[cfg(test)]\nmod tests { use crate::b::g; fn f() {} }',
    '#[cfg(test)]\nuse crate::b::g;\nfn f() {}',
  ]) {
    assert.deepEqual(circlesOfDrawn({ ...files, 'a.rs': say }), [], say);
  }
});

for (const crate of crates) {
  test(`no module of ${crate} imports itself by way of others`, () => {
    assert.deepEqual(circlesOf(importsOfCrate(crate)), []);
  });
}

test('the rooms of the sampler import only those before them', () => {
  const roomOf = (file: string) => SAMPLER_ROOMS.indexOf(file.split('/')[0]!);
  const wrong = importsOfCrate('sampler').filter(({ from, to }) => {
    if (from === 'main.rs' || FOR_ALL.includes(to)) return false;
    return roomOf(to) === -1 || roomOf(to) > roomOf(from);
  });
  assert.deepEqual(wrong, []);
});

test('every room of the sampler is in the order', () => {
  const entries = readdirSync(join(native, 'sampler', 'src')).filter((name) => name !== 'main.rs');
  assert.deepEqual(entries.sort(), [...SAMPLER_ROOMS, ...FOR_ALL].sort());
});
