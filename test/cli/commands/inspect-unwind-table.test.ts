import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { commandPath } from '../../kernel/running/repository.js';
import { type ReadelfFrames, type ReadelfRow, readelfFrames } from './readelf-rows.js';

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

const REGISTER = 'r(?:[abcd]x|[sd]i|[sb]p|[89]|1[0-5])';
const PLACE = String.raw`${REGISTER}[+-]\d+`;
/** The return address: in a word below the CFA. */
const BELOW_CFA = /^c-(\d+)$/;
const LINE = new RegExp(
  String.raw`^([0-9a-f]{16}) (?:(- - -)|(${PLACE}|plt|signal|expr|deref\(${PLACE}\)[+-]\d+) (c[+-]\d+|u|deref\(rbp[+-]\d+\)) (c-\d+|u))$`,
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
  if (row.cfa === 'signal') return expected.isSignal;
  if (row.cfa === 'expr') return !isSimple(expected);
  const isSpecial = row.cfa === 'plt' || row.cfa.startsWith('deref');
  const isCfa = isSpecial ? expected.cfa === 'exp' : row.cfa === expected.cfa;
  const fp = expected.rbp === 's' ? 'u' : expected.rbp;
  const isFp = row.fp.startsWith('deref') ? fp === 'exp' : row.fp === fp;
  return isCfa && isFp && row.ra === expected.ra;
}

/** What every unwinder can follow: `expr` would be a rule that we have lost. */
function isSimple({ cfa, rbp, ra }: ReadelfRow): boolean {
  const below = Number(BELOW_CFA.exec(ra)?.[1] ?? 0);
  if (below === 0 || below % 8 !== 0 || !/^(?:u|s|c[+-]\d+)$/.test(rbp)) return false;
  const [, register = '', offset] = SIMPLE_CFA.exec(cfa) ?? [];
  // Below rsp a signal may write: no return address lies there.
  return register !== '' && (register !== 'rsp' || Number(offset) >= below);
}

const SIMPLE_CFA = new RegExp(`^(${REGISTER})([+-]\\d+)$`);

/** Every row of readelf's is ours, and inside of FDEs every row of ours is readelf's, which knows nothing of other code. */
function assertSame(path: string): void {
  const rows = unwindRows(path);
  const { rows: expected, ranges } = readelfFrames(path);
  assert.ok(expected.length > 20, `${path}: ${expected.length} rows`);
  const roots = [];
  for (const one of expected) {
    const row = rowAt(rows, one.address);
    if (row?.ra === 'u' && one.ra !== 'u') roots.push(row);
    const shown = () => `${path}: ${one.address.toString(16)}: ${JSON.stringify([row, one], replacer)}`;
    assert.ok(row !== undefined && (roots.includes(row) || agrees(row, one)), shown());
  }
  // libc's makecontext returns to it, and its CFI does not say that nobody has called it.
  assert.ok(roots.length <= 1, `${path}: ${JSON.stringify(roots, replacer)}`);
  rows.forEach(({ address }, index) => {
    assert.ok(index === 0 || rows[index - 1]!.address < address, `${path}: sorted at ${address}`);
  });
  const known = new Set(expected.map(({ address }) => address));
  const invented = rowsInside(rows, ranges).filter(({ address }) => !known.has(address));
  const shown = invented.map(({ address }) => address.toString(16)).join();
  assert.equal(shown, '', `${path}: rows that are not readelf's`);
}

/** The rows in code that one of the ranges covers. */
function rowsInside(rows: readonly Row[], ranges: ReadelfFrames['ranges']): Row[] {
  const sorted = ranges.toSorted((one, other) => (one.start < other.start ? -1 : 1));
  let [next, end] = [0, 0n];
  return rows.filter(({ address }) => {
    for (; next < sorted.length && sorted[next]!.start <= address; next++)
      if (sorted[next]!.end > end) end = sorted[next]!.end;
    return address < end;
  });
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

/** Those that compilers hardly use. */
const ASSEMBLY_REGISTERS = ['rax', 'rcx', 'rdx', 'rsi', 'rdi', 'r8', 'r9', 'r12', 'r13', 'r14', 'r15'];

/** Functions that hand-written CFI describes, one below the other: a line is code or a directive. */
const ODD_FRAMES = [
  ...ASSEMBLY_REGISTERS.map((register) => [
    `lea 8(%rsp), %${register}`,
    `.cfi_def_cfa %${register}, 0`,
    'push %rbp',
    '.cfi_offset %rbp, -16',
  ]),
  ['pushf', '.cfi_adjust_cfa_offset 16', '.cfi_offset %rip, -16', 'nop'],
  ['.cfi_signal_frame', '.cfi_def_cfa %rbp, 32', '.cfi_offset %rip, -24', 'nop'],
];

test('rows that only assembly has: the CFA in any register, a return address further down, the augmentation S', (t) => {
  const folder = scratch(t);
  const [source, library] = [join(folder, 'odd.s'), join(folder, 'odd.so')];
  const functions = ODD_FRAMES.map((lines) => ['.cfi_startproc', 'nop', ...lines, 'ret', '.cfi_endproc']);
  writeFileSync(source, `${['.text', ...functions.flat()].join('\n')}\n`);
  execFileSync('gcc', ['-shared', '-nostdlib', source, '-o', library]);
  assertSame(library);
  const rules = unwindRows(library).map(({ cfa, ra }) => `${cfa} ${ra}`);
  for (const register of ASSEMBLY_REGISTERS) assert.ok(rules.includes(`${register}+0 c-8`), register);
  assert.ok(rules.includes('rsp+24 c-16'), rules.join());
  assert.ok(rules.includes('rbp+32 c-24'), 'a frame with the augmentation S and its own CFI');
  assert.ok(!rules.some((rule) => rule.startsWith('signal')), rules.join());
});

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
                       | 2 | inspect needs one of .*unwind-table
unwind-tabel x         | 2 | did you mean unwind-table\\?
unwind-table           | 2 | profile-bee inspect unwind-table ELF
unwind-table a b       | 2 | unexpected argument b
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
  assert.match(full.stderr, /cannot write standard output/);
});

const LINE_ALONE = /^[0-9a-f]{16} .*\n$/;

function scratch(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'bee-inspect-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
