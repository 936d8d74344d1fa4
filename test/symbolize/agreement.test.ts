import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { before, test } from 'node:test';
import { symbolizeFile } from '../../src/symbolize/symbolize-file.js';
import { type Agreement, compare, KINDS } from './agreement/agreement.js';
import { agreementLine, assertAgreement } from './agreement/assert-agreement.js';
import {
  clangProgram,
  copiesOf,
  cppProgram,
  linkedProgram,
  type Program,
  rustProgram,
} from './agreement/programs.js';
import { randomCodeAddresses } from './agreement/random-addresses.js';
import { packagedPrograms, splitPrograms } from './agreement/split-programs.js';

const ADDRESSES = 400;

let programs: Program[];
before(() => {
  const cpp = (['DWARF 5', 'DWARF 2', 'link-time optimization'] as const).map(cppProgram);
  const rust = (['debug = 1', 'debug = 2, unoptimized'] as const).map(rustProgram);
  programs = [...cpp, ...rust, ...copiesOf(rust[0]!), clangProgram(), linkedProgram()];
});

test('chains are those of llvm-symbolizer: compilers, versions, forms of files', async (t) => {
  for (const program of programs) {
    const agreement = await assertAgreement(program, ADDRESSES);
    t.diagnostic(`${program.name}: ${agreementLine(agreement)}`);
    assert.equal(agreement.raw, agreement.total, agreement.examples.join('\n'));
  }
});

test('debug information in .dwo files, and in packages of them', async (t) => {
  for (const program of [...splitPrograms(), ...packagedPrograms()]) {
    const agreement = await assertAgreement(program, ADDRESSES);
    t.diagnostic(`${program.name}: ${agreementLine(agreement)}`);
    assert.equal(agreement.raw, agreement.total, agreement.examples.join('\n'));
  }
});

/** Without the last: behind a link are symbols that llvm-symbolizer does not look at. */
test('profiles differ from them in known ways only', async (t) => {
  for (const program of programs.slice(0, -1))
    t.diagnostic(`${program.name}: ${agreementLine(await assertAgreement(program, ADDRESSES, {}))}`);
});

test('a library without debug information, or with some in /usr/lib/debug', async (t) => {
  for (const path of ['/lib/x86_64-linux-gnu/libc.so.6', '/usr/lib/x86_64-linux-gnu/libstdc++.so.6']) {
    if (existsSync(path)) t.diagnostic(agreementLine(await assertAgreement({ name: path, path }, ADDRESSES)));
  }
});

test('the order and number of the addresses change nothing', async () => {
  const { path } = programs[0]!;
  const sorted = randomCodeAddresses(path, ADDRESSES, 3);
  const shuffled = [...sorted.filter((_, index) => index % 2 === 0), ...sorted.toReversed(), ...sorted];
  const resolved = await symbolizeFile(path, shuffled);
  for (const [index, address] of shuffled.entries()) {
    if (index % 20 !== 0) continue;
    const alone = await symbolizeFile(path, [address]);
    assert.deepEqual(resolved.framesAt(index), alone.framesAt(0), `0x${address.toString(16)}`);
  }
});

const frame = { name: 'work', file: '/a.c', line: 3, column: 7 };
const agreed = (ours: object, theirs: object): Omit<Agreement, 'examples' | 'total'> => {
  const { raw, explained } = compare([1n], [[{ ...frame, ...ours }]], [[{ ...frame, ...theirs }]]);
  return { raw, explained };
};

test('what counts as agreement', () => {
  const none = Object.fromEntries(KINDS.map((kind) => [kind, 0]));
  assert.deepEqual(agreed({}, {}), { raw: 1, explained: none });
  assert.deepEqual(agreed({ line: 4 }, {}), { raw: 0, explained: none });
  assert.deepEqual(agreed({ column: 8 }, {}), { raw: 0, explained: none });
  assert.deepEqual(agreed({ file: '/b.c' }, {}), { raw: 0, explained: none });
  const named = agreed({ name: 'work.part.0' }, {});
  assert.deepEqual(named, { raw: 0, explained: { ...none, 'symbol-table name': 1 } });
  const twice = agreed({ name: 'alias', line: 0, column: 0 }, { line: 0 });
  assert.equal(twice.explained['symbol-table name'] + twice.explained['column of line 0'], 1);
});
