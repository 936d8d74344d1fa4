import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { commandPath } from '../kernel/repository.js';
import { type ReadelfRow, readelfFrames } from './readelf-rows.js';

const LIBC = '/lib/x86_64-linux-gnu/libc.so.6';
/** From several compilers, with hand-written CFI among them. */
const SYSTEM_FILES = [
  LIBC,
  '/lib64/ld-linux-x86-64.so.2',
  '/usr/lib/x86_64-linux-gnu/libcrypto.so.3',
  '/usr/lib/x86_64-linux-gnu/libstdc++.so.6',
  '/usr/lib/x86_64-linux-gnu/libgcrypt.so.20',
  '/bin/bash',
  '/usr/bin/git',
].filter((path) => existsSync(path));

interface Row {
  address: bigint;
  cfa: string;
  fp: string;
  ra: string;
}

function inspect(...words: string[]) {
  const command = [commandPath('profile-bee'), 'inspect', ...words];
  return spawnSync(process.execPath, command, { encoding: 'utf8', maxBuffer: 1 << 30 });
}

function unwindRows(path: string): Row[] {
  const { status, stdout, stderr } = inspect('unwind-table', path);
  assert.equal(status, 0, stderr);
  assert.equal(stderr, '');
  return stdout.split('\n').slice(0, -1).map(parseRow);
}

const PLACE = String.raw`r(?:[sb]p|bx|1[01])[+-]\d+`;
const LINE = new RegExp(
  String.raw`^([0-9a-f]{16}) (?:(- - -)|(${PLACE}|plt|signal|expr|deref\(${PLACE}\)[+-]\d+) (c[+-]\d+|u|deref\(rbp[+-]\d+\)) (c-8|u))$`,
);

function parseRow(line: string): Row {
  const match = LINE.exec(line);
  assert.ok(match, `not a row: ${line}`);
  const [, address, gap, cfa = '-', fp = '-', ra = '-'] = match;
  assert.ok(gap === undefined || cfa === '-');
  return { address: BigInt(`0x${address}`), cfa, fp, ra };
}

/** The row in force at an address; undefined before the first. */
function rowAt(rows: readonly Row[], address: bigint): Row | undefined {
  let [low, high] = [0, rows.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rows[middle]!.address <= address) low = middle + 1;
    else high = middle;
  }
  return rows[low - 1];
}

function agrees(row: Row, expected: ReadelfRow): boolean {
  if (expected.isSignal) return row.cfa === 'signal';
  if (row.cfa === 'expr') return !isSimple(expected);
  const isSpecial = row.cfa === 'plt' || row.cfa.startsWith('deref');
  const isCfa = isSpecial ? expected.cfa === 'exp' : row.cfa === expected.cfa;
  const fp = expected.rbp === 's' ? 'u' : expected.rbp;
  const isFp = row.fp.startsWith('deref') ? fp === 'exp' : row.fp === fp;
  return isCfa && isFp && row.ra === expected.ra;
}

/** What every unwinder can follow: `expr` would be a rule that we have lost. */
function isSimple({ cfa, rbp, ra }: ReadelfRow): boolean {
  return /^r([sb]p|bx|10)[+-]/.test(cfa) && ra === 'c-8' && rbp !== 'exp';
}

function assertSame(path: string): void {
  const rows = unwindRows(path);
  const { rows: expected, ends } = readelfFrames(path);
  assert.ok(expected.length > 20, `${path}: ${expected.length} rows`);
  for (const one of expected) {
    const row = rowAt(rows, one.address);
    const shown = () => `${path}: ${one.address.toString(16)}: ${JSON.stringify([row, one], replacer)}`;
    assert.ok(row !== undefined && agrees(row, one), shown());
  }
  rows.forEach(({ address }, index) => {
    assert.ok(index === 0 || rows[index - 1]!.address < address, `${path}: sorted at ${address}`);
  });
  const known = new Set(expected.map(({ address }) => address));
  const invented = rows.filter(({ address }) => !known.has(address) && !ends.has(address));
  // PLT slots, .init, .fini, the byte before a signal trampoline and the gaps behind all of them.
  const share = invented.length / rows.length;
  assert.ok(share < 0.2, `${path}: ${invented.length} of ${rows.length} rows are not readelf's`);
}

function replacer(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString(16) : value;
}

for (const path of SYSTEM_FILES) {
  test(`every row of ${path} is readelf's`, () => assertSame(path));
}

const SOURCE = 'fn main() { for word in std::env::args() { println!("{word:?}"); } }\n';

for (const [name, flags] of [
  ['release', ['-O']],
  ['with frame pointers', ['-O', '-Cforce-frame-pointers=yes']],
  ['not optimized', ['-g']],
  ['without unwind tables', ['-O', '-g', '-Cpanic=abort', '-Cforce-unwind-tables=no']],
] as const) {
  test(`every row of a Rust program is readelf's: ${name}`, (t) => {
    const folder = scratch(t);
    const [source, program] = [join(folder, 'main.rs'), join(folder, 'program')];
    writeFileSync(source, SOURCE);
    execFileSync('rustc', [...flags, source, '-o', program], { stdio: 'pipe' });
    assertSame(program);
  });
}

test('known rows of libc: the signal trampoline, the end of a thread, a PLT', () => {
  const rows = unwindRows(LIBC);
  assert.equal(rows.filter(({ cfa }) => cfa === 'signal').length, 1);
  assert.ok(
    rows.some(({ ra }) => ra === 'u'),
    'clone’s end',
  );
  assert.ok(
    rows.some(({ cfa }) => cfa === 'plt'),
    'the PLT',
  );
  assert.ok(
    rows.some(({ cfa }) => cfa === '-'),
    'a gap',
  );
});

/** File | what is said of it */
const REFUSED = `
missing                | cannot read .*missing: No such file or directory
folder                 | cannot read .*folder: not a regular file
fifo                   | cannot read .*fifo: not a regular file
empty                  | cannot read .*empty: the file is empty
text                   | cannot read .*text: not an ELF file
thirty-two             | cannot read .*thirty-two: a 32-bit ELF file
big-endian             | cannot read .*big-endian: a big-endian ELF file
arm                    | cannot read .*arm: an ELF file for machine 183, not x86-64
object.o               | cannot read .*object.o: an ELF file of type 1
header-only            | cannot read .*header-only: truncated ELF file
`;

test('what is no x86-64 ELF file is refused by name', (t) => {
  const folder = hostileFolder(t);
  for (const row of REFUSED.trim().split('\n')) {
    const [name = '', says = ''] = row.split('|').map((cell) => cell.trim());
    const { status, stdout, stderr } = inspect('unwind-table', join(folder, name));
    assert.match(stderr, new RegExp(`^error: .*${says}`, 'm'), name);
    assert.deepEqual([status, stdout], [2, ''], name);
  }
});

function hostileFolder(t: TestContext): string {
  const folder = scratch(t);
  const libc = readFileSync(LIBC);
  const changed = (name: string, at: number, value: number) => {
    const bytes = Buffer.from(libc.subarray(0, 4096));
    bytes[at] = value;
    writeFileSync(join(folder, name), bytes);
  };
  mkdirSync(join(folder, 'folder'));
  execFileSync('mkfifo', [join(folder, 'fifo')]);
  writeFileSync(join(folder, 'empty'), '');
  writeFileSync(join(folder, 'text'), '#!/bin/sh\n');
  changed('thirty-two', 4, 1);
  changed('big-endian', 5, 2);
  changed('arm', 18, 183);
  changed('object.o', 16, 1);
  writeFileSync(join(folder, 'header-only'), libc.subarray(0, 70));
  return folder;
}

test('broken call frame information gives rows or an error, sorted and in time', (t) => {
  const folder = scratch(t);
  const whole = readFileSync('/lib64/ld-linux-x86-64.so.2');
  for (const length of [0.3, 0.6, 0.9].map((part) => Math.round(whole.length * part)))
    assertSurvives(join(folder, `cut-${length}`), whole.subarray(0, length));
  for (let seed = 1; seed <= 6; seed++) {
    const bytes = Buffer.from(whole);
    for (let at = 64 + seed * 7; at < bytes.length; at += 97 * seed) bytes[at]! ^= seed * 37;
    assertSurvives(join(folder, `bits-${seed}`), bytes);
  }
});

function assertSurvives(path: string, bytes: Uint8Array): void {
  writeFileSync(path, bytes);
  const { status, signal, stdout, stderr } = inspect('unwind-table', path);
  assert.equal(signal, null, path);
  if (status === 2) {
    assert.match(stderr, /^error: cannot read/);
    return;
  }
  assert.equal(status, 0, stderr);
  const rows = stdout.split('\n').slice(0, -1).map(parseRow);
  rows.forEach(({ address }, index) => {
    assert.ok(index === 0 || rows[index - 1]!.address < address, path);
  });
}

/** What is typed behind `profile-bee inspect` | exit code | what is said */
const LINES = `
                       | 2 | inspect: what\\? .*unwind-table
unwind-tabel x         | 2 | did you mean unwind-table\\?
unwind-table           | 2 | profile-bee inspect unwind-table ELF
unwind-table a b       | 2 | b is too much
--help                 | 0 | profile-bee inspect unwind-table ELF
unwind-table --help    | 0 | profile-bee inspect unwind-table ELF
`;

test('inspect: its grammar', () => {
  for (const line of LINES.trim().split('\n')) {
    const [typed = '', code = '', says = ''] = line.split('|').map((cell) => cell.trim());
    const { status, stdout, stderr } = inspect(...typed.split(' ').filter(Boolean));
    assert.match(stdout + stderr, new RegExp(says), typed);
    assert.equal(String(status), code, typed);
  }
});

test('a reader that goes ends it quietly, a full disk does not', () => {
  const command = `${process.execPath} ${commandPath('profile-bee')} inspect unwind-table ${LIBC}`;
  const piped = spawnSync('bash', ['-c', `set -o pipefail; ${command} | head -n 1`], { encoding: 'utf8' });
  assert.deepEqual([piped.status, piped.stderr], [0, '']);
  assert.match(piped.stdout, LINE_ALONE);
  const full = spawnSync('bash', ['-c', `${command} >/dev/full`], { encoding: 'utf8' });
  assert.equal(full.status, 125);
  assert.match(full.stderr, /cannot write to standard output/);
});

const LINE_ALONE = /^[0-9a-f]{16} .*\n$/;

function scratch(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'bee-inspect-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
