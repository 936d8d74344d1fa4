import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { assertUnwoundWell } from '../results/assert-summary.js';
import { builtProgram } from '../running/fixture-programs.js';
import { needsRoot } from '../running/needs-root.js';
import { commandPath } from '../running/repository.js';
import { profileWith } from '../running/run-bee.js';
import { scratchDirectory } from '../running/scratch-directory.js';
import { fixtureSource } from '../unwinding/unwinding-fixture.js';

const MEBIBYTE = 1 << 20;
const ROW_BYTES = 4;
/** Each is a file of its own with a table of its own; together they have more rows than 2 MB hold. */
const COPIES = 60;

test('tables of programs that have ended make room, and nothing is missing', needsRoot, async () => {
  const program = builtProgram('deep');
  const folder = join(scratchDirectory(), 'copies');
  mkdirSync(folder);
  const names = Array.from({ length: COPIES }, (_, index) => join(folder, `copy-${index}`));
  for (const name of names) copyFileSync(program, name);
  const script = names.map((name) => `${name} --depth 20 --seconds 0.03 >/dev/null`).join('\n');
  const args = ['--table-memory', '2', '--frequency', '997', '--', '/bin/sh', '-c', script];
  const { summary } = await profileWith({ command: 'profile-bee', args });
  const { tablesEvicted, tablesRefused, tableBytes } = summary.cost;
  const seen = JSON.stringify(summary.cost);
  assert.ok(tablesEvicted > 0, `the memory was not used up: ${seen}`);
  assert.equal(tablesRefused, 0, seen);
  assert.ok(tableBytes <= 2 * MEBIBYTE, seen);
  assert.deepEqual(
    summary.problems.filter(({ code }) => /table/.test(code)),
    [],
  );
  assert.ok(summary.samples.delivered >= 0.5 * COPIES * 30, JSON.stringify(summary.samples));
  assert.ok(summary.stacks.complete >= 0.98 * summary.stacks.user, JSON.stringify(summary.stacks));
});

test(
  'a program whose table does not fit is named, counted, and profiled all the same',
  needsRoot,
  async () => {
    const busy = 'for (const end = Date.now() + 500; Date.now() < end; );';
    const run = (flags: string[]) => {
      const args = [...flags, '--frequency', '997', '--', process.execPath, '-e', busy];
      return profileWith({ command: 'profile-bee', args });
    };
    const { summary, stderr } = await run(['--table-memory', '2']);
    assert.ok(summary.cost.tablesRefused >= 1, JSON.stringify(summary.cost));
    assert.ok(summary.cost.tableBytes <= 2 * MEBIBYTE, JSON.stringify(summary.cost));
    const messages = summary.problems.filter(({ code }) => code === 'table-memory');
    assert.ok(messages.some(({ message }) => message.startsWith(`${process.execPath}: no room`)));
    assert.match(stderr, /did not fit into 2 MB .*--table-memory/);
    assert.ok((summary.frames.by.guessed ?? 0) > 0, JSON.stringify(summary.frames.by));
    const usual = await run([]);
    assert.equal(usual.summary.cost.tablesRefused, 0);
  },
);

test('the usual memory holds the tables of a process without evictions', needsRoot, async () => {
  const args = ['--frequency', '997', '--', builtProgram('server'), '--seconds', '1'];
  const { summary } = await profileWith({ command: 'profile-bee', args });
  const { tablesEvicted, tablesRefused } = summary.cost;
  assert.deepEqual([tablesEvicted, tablesRefused], [0, 0]);
  assertUnwoundWell(summary);
});

/** Of the compiler's own code and LLVM: the largest tables that a Rust programmer meets, a million rows each. */
function compilerRows(libraries: string): number {
  const names = readdirSync(libraries).filter((name) => /^lib(rustc_driver-\w+|LLVM)\.so/.test(name));
  const table = (name: string) => ['inspect', 'unwind-table', join(libraries, name)];
  const maxBuffer = 1 << 30;
  const texts = names.map((name) => execFileSync(commandPath('profile-bee'), table(name), { maxBuffer }));
  return texts.reduce((rows, text) => rows + text.toString('latin1').split('\n').length - 1, 0);
}

test('the usual memory holds the tables of the Rust compiler, whole', needsRoot, async () => {
  const sysroot = execFileSync('rustc', ['--print', 'sysroot'], { encoding: 'utf8' }).trim();
  const rows = compilerRows(join(sysroot, 'lib'));
  assert.ok(rows > 1_500_000, `${rows} rows`);
  const compile = [fixtureSource('call-chain.rs'), '-O', '--out-dir', scratchDirectory()];
  const args = ['--frequency', '997', '--', join(sysroot, 'bin', 'rustc'), ...compile];
  const { summary } = await profileWith({ command: 'profile-bee', args });
  const { tableBytes, tablesEvicted, tablesRefused } = summary.cost;
  assert.deepEqual([tablesEvicted, tablesRefused], [0, 0]);
  assert.ok(tableBytes >= rows * ROW_BYTES, `${tableBytes} bytes for ${rows} rows`);
});
