import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { test } from 'node:test';
import { circles } from './circles.js';

/**
 * The path of the data. A folder may import itself and the folders that stand here; `surfaces` may import all of them, and
 * the library's index what it exports.
 */
const MAY_IMPORT: Record<string, readonly string[]> = {
  profile: [],
  ffi: [],
  cargo: [],
  capture: ['ffi'],
  symbolize: ['ffi', 'capture', 'profile'],
  account: ['ffi', 'cargo', 'capture', 'symbolize', 'profile'],
  run: ['ffi', 'cargo', 'capture', 'symbolize', 'profile', 'account'],
  formats: ['profile'],
  render: ['profile', 'account'],
};

const END_OF_PATH = ['surfaces', 'index.ts'];

/** Folders whose code must run anywhere, also in a browser. */
const PURE = ['profile', 'account', 'render'];

/** A folder of more files than these wants rooms. */
const MOST_FILES = 16;

interface Import {
  from: string;
  /** The specifier as written. */
  to: string;
  isTypeOnly: boolean;
}

const root = resolve('src');
const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));

function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), 'utf8');
  const statements = text.matchAll(/\b(import|export)\b(\s+type\b)?[^;'"]*?\bfrom\s*'([^']+)'/g);
  const calls = text.matchAll(/\b(?:import|require)\(\s*'([^']+)'/g);
  const sideEffects = text.matchAll(/^import\s+'([^']+)'/gm);
  return [
    ...Array.from(statements, ([, , type, to]) => ({ from: file, to: to!, isTypeOnly: type !== undefined })),
    ...Array.from([...calls, ...sideEffects], ([, to]) => ({ from: file, to: to!, isTypeOnly: false })),
  ];
}

const imports = files.flatMap(importsOf);
const local = imports.filter(({ to }) => to.startsWith('.'));

/** The imported file, relative to src. */
function fileOf({ from, to }: Import): string {
  return relative(root, resolve(root, dirname(from), to)).replace(/\.js$/, '.ts');
}

function roomOf(file: string): string {
  return file.split('/')[0]!;
}

function shown(entry: Import): string {
  return `${entry.from} imports ${entry.to}`;
}

test('the scan sees imports at all', () => {
  assert.ok(imports.length > 100, `${imports.length} imports`);
  assert.ok(imports.some(({ to }) => to === 'koffi'));
  assert.ok(imports.some(({ isTypeOnly }) => isTypeOnly));
  assert.deepEqual(
    local.map(fileOf).filter((file) => !file.startsWith('..') && !files.includes(file)),
    [],
  );
});

test('imports follow the path of the data', () => {
  const wrong = local.filter((entry) => {
    const from = roomOf(entry.from);
    const to = roomOf(fileOf(entry));
    return !END_OF_PATH.includes(from) && to !== from && !MAY_IMPORT[from]?.includes(to);
  });
  assert.deepEqual(wrong.map(shown), []);
});

test('every folder of src is on the path', () => {
  const folders = readdirSync(root).filter((name) => !END_OF_PATH.includes(name));
  assert.deepEqual(folders.sort(), Object.keys(MAY_IMPORT).sort());
});

test('no surface imports another', () => {
  const surfaceOf = (file: string) => (roomOf(file) === 'surfaces' ? file.split('/')[1] : undefined);
  const wrong = local.filter((entry) => {
    const [from, to] = [surfaceOf(entry.from), surfaceOf(fileOf(entry))];
    return from !== undefined && to !== undefined && from !== to;
  });
  assert.deepEqual(wrong.map(shown), []);
});

test('no file imports itself by way of others', () => {
  const graph = new Map(files.map((file) => [file, new Set<string>()]));
  for (const entry of local) graph.get(entry.from)!.add(fileOf(entry));
  assert.deepEqual(circles(graph), []);
});

test('only ffi says koffi', () => {
  const others = imports.filter(({ from, to }) => to === 'koffi' && roomOf(from) !== 'ffi');
  assert.deepEqual(others.map(shown), []);
});

test('the model, the account and the pictures need no Node, nor does what they import', () => {
  const values = imports.filter(({ isTypeOnly }) => !isTypeOnly);
  const waiting = files.filter((file) => PURE.includes(roomOf(file)));
  const needed = new Set(waiting);
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    const more = values.filter(({ from, to }) => from === file && to.startsWith('.')).map(fileOf);
    waiting.push(...more.filter((other) => !needed.has(other)));
    for (const other of more) needed.add(other);
  }
  const impure = values.filter(({ from, to }) => needed.has(from) && !to.startsWith('.'));
  assert.deepEqual(impure.map(shown), []);
});

test('no folder is a drawer for everything', () => {
  const counts = new Map<string, number>();
  for (const file of files) counts.set(dirname(file), (counts.get(dirname(file)) ?? 0) + 1);
  const crowded = Array.from(counts).filter(([, count]) => count > MOST_FILES);
  assert.deepEqual(crowded, []);
  const nameless = files.filter((file) =>
    /(^|\/)(utils?|helpers?|common|shared|managers?|misc)\b/.test(file),
  );
  assert.deepEqual(nameless, []);
});

test('heavy libraries are loaded when they are needed, not at start', () => {
  const heavy = ['execa', 'yargs', 'open', 'ora', '@iarna/toml'];
  const eager = files.filter((file) => {
    const text = readFileSync(join(root, file), 'utf8');
    return heavy.some((name) => new RegExp(`^import (?!type)[^;]*from '${name}'`, 'm').test(text));
  });
  assert.deepEqual(eager, []);
});
