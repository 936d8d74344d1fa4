import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { test } from 'node:test';

/** The path of the data; each folder may import itself and what stands here. `surfaces` may import everything. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  profile: [],
  ffi: [],
  cargo: [],
  capture: ['ffi'],
  symbolize: ['ffi', 'capture', 'profile'],
  formats: ['profile'],
  render: ['profile'],
};

/** Folders whose code must run anywhere, also in a browser. */
const PURE = ['profile', 'render'];

interface Import {
  from: string;
  to: string;
}

const root = resolve('src');

function importsOf(file: string): Import[] {
  const text = readFileSync(file, 'utf8');
  const specifiers = [...text.matchAll(/(?:\bfrom|\bimport\(?|\brequire\)?\()\s*'([^']+)'/g)];
  return specifiers.map((match) => ({ from: relative(root, file), to: match[1]! }));
}

const imports = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .flatMap((file) => importsOf(join(root, file)));

function folderOf({ from, to }: Import): string {
  return relative(root, resolve(root, dirname(from), to)).split('/')[0]!;
}

test('the scan sees imports at all', () => {
  assert.ok(imports.length > 100, `${imports.length} imports`);
  assert.ok(imports.some(({ to }) => to === 'koffi'));
});

test('imports follow the path of the data', () => {
  const local = imports.filter(({ to }) => to.startsWith('.'));
  const wrong = local.filter((entry) => {
    const from = entry.from.split('/')[0]!;
    if (from === 'surfaces') return false;
    const to = folderOf(entry);
    return to !== from && !MAY_IMPORT[from]?.includes(to);
  });
  assert.deepEqual(wrong, []);
});

test('every folder of src is on the path', () => {
  const folders = readdirSync(root).filter((name) => name !== 'surfaces');
  assert.deepEqual(folders.sort(), Object.keys(MAY_IMPORT).sort());
});

test('only ffi says koffi', () => {
  const others = imports.filter(({ from, to }) => to === 'koffi' && !from.startsWith('ffi/'));
  assert.deepEqual(others, []);
});

test('the model and the pictures need no Node', () => {
  const impure = imports.filter(({ from, to }) => PURE.includes(from.split('/')[0]!) && !to.startsWith('.'));
  assert.deepEqual(impure, []);
});

test('heavy libraries are loaded when they are needed, not at start', () => {
  const heavy = ['execa', 'yargs', 'open', 'ora', '@iarna/toml'];
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts'),
  );
  const eager = files.filter((file) => {
    const text = readFileSync(join(root, file), 'utf8');
    return heavy.some((name) => new RegExp(`^import (?!type)[^;]*from '${name}'`, 'm').test(text));
  });
  assert.deepEqual(eager, []);
});
