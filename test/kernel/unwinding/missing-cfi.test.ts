import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { test } from 'node:test';
import { needsRoot } from '../running/needs-root.js';
import { commandPath } from '../running/repository.js';
import { type ProfiledRun, profileWith } from '../running/run-bee.js';
import {
  embed,
  moveTo,
  pathByBuildId,
  removeWithFolders,
  separateDebugFile,
} from '../symbols/separated-debug-file.js';
import { compiledFixture, compiledRustFixture } from './unwinding-fixture.js';

const NO_TABLES = ['-fno-asynchronous-unwind-tables', '-fno-unwind-tables'];
const RUST_NO_TABLES = ['-Cpanic=abort', '-Cforce-unwind-tables=no'];

async function profile(...command: string[]): Promise<ProfiledRun> {
  const args = ['--frequency', '997', '--', ...command];
  return await profileWith({ command: 'profile-bee', args });
}

/** The functions of ours on a stack, root first. */
function ownChain(frames: readonly string[]): string {
  const names = frames.map((frame) => /^(?:call_chain::)?(main|middle|spin)$/.exec(frame)?.[1]);
  const own = names.filter((name) => name !== undefined);
  return own.filter((name, index) => name !== own[index - 1]).join(' ');
}

/** Share of the samples in `spin` whose chain is main, middle, spin. */
function chainShare({ stacks }: ProfiledRun): number {
  const spinning = stacks.filter(({ frames }) => ownChain(frames).endsWith('spin'));
  const total = spinning.reduce((sum, { count }) => sum + count, 0);
  const whole = spinning.filter(({ frames }) => ownChain(frames) === 'main middle spin');
  assert.ok(total > 50, `${total} samples in spin`);
  return whole.reduce((sum, { count }) => sum + count, 0) / total;
}

/** Of unwinding alone: the stripped program's functions have no names. */
function assertUnwound({ summary }: ProfiledRun): void {
  const { complete, user, incomplete } = summary.stacks;
  assert.ok(user > 50, `${user} stacks`);
  assert.ok(complete >= 0.98 * (user - (incomplete.exiting ?? 0)), JSON.stringify(summary.stacks));
  assert.ok(summary.frames.by.framePointer! < 0.02 * summary.frames.user, JSON.stringify(summary.frames));
}

/** Rows of a table as `inspect` prints it. */
function rowCount(program: string): number {
  const args = ['inspect', 'unwind-table', program];
  return execFileSync(commandPath('profile-bee'), args, { encoding: 'utf8' }).split('\n').length - 1;
}

/** A stripped program without CFI, the debug file that has it, and how many rows the two made together. */
function separated(...flags: string[]) {
  const program = compiledFixture('call-chain', '-g', '-fomit-frame-pointer', ...NO_TABLES, ...flags);
  const rows = rowCount(program);
  return { program, rows, debugFile: separateDebugFile(program) };
}

function assertComplete(run: ProfiledRun): void {
  const { complete, user, incomplete } = run.summary.stacks;
  assert.ok(complete >= 0.98 * (user - (incomplete.exiting ?? 0)), JSON.stringify(run.summary.stacks));
  assert.ok(chainShare(run) > 0.98, `${chainShare(run)}`);
}

for (const [language, program] of [
  ['C', () => compiledFixture('call-chain', '-g', ...NO_TABLES)],
  ['Rust', () => compiledRustFixture('call-chain', '-g', ...RUST_NO_TABLES)],
] as const) {
  test(`${language} without .eh_frame is unwound by .debug_frame`, needsRoot, async () => {
    const run = await profile(program());
    assertComplete(run);
    assert.ok(run.summary.frames.by.framePointer! < 0.02 * run.summary.frames.user);
  });
}

for (const [language, program] of [
  ['C', () => compiledFixture('call-chain', '-fno-omit-frame-pointer', ...NO_TABLES)],
  ['Rust', () => compiledRustFixture('call-chain', '-Cforce-frame-pointers=yes', ...RUST_NO_TABLES)],
] as const) {
  test(`${language} without any CFI is unwound by its frame pointers`, needsRoot, async () => {
    const run = await profile(program());
    assert.ok(chainShare(run) > 0.98, `${chainShare(run)}`);
    assert.ok(run.summary.frames.by.framePointer! > run.summary.samples.delivered);
  });
}

for (const [language, program] of [
  ['C', () => compiledFixture('call-chain', '-fomit-frame-pointer', ...NO_TABLES)],
  ['Rust', () => compiledRustFixture('call-chain', ...RUST_NO_TABLES)],
] as const) {
  test(`${language} without CFI and frame pointers is unwound by its code`, needsRoot, async () => {
    const run = await profile(program());
    assertComplete(run);
    const { synthesized, guessed } = run.summary.frames.by;
    assert.ok(synthesized! > run.summary.samples.delivered, JSON.stringify(run.summary.frames.by));
    assert.equal(guessed, 0);
  });
}

test('code that does not say where its caller is: marked, not made up', needsRoot, async () => {
  const run = await profile(compiledFixture('unknown-depth'));
  assertMarked(run);
  for (const { frames } of run.stacks.filter((stack) => stack.frames.includes('makes_room')))
    assert.equal(frames.slice(0, 2).join(' '), '[incomplete stack] makes_room');
});

/** Nearly all stacks end somewhere, and say so. */
function assertMarked(run: ProfiledRun): void {
  const { noCfi = 0, readFault = 0, noTable = 0 } = run.summary.stacks.incomplete;
  const { stacks, samples } = run.summary;
  assert.ok(noCfi + readFault + noTable >= 0.9 * samples.delivered, JSON.stringify(stacks));
  const marked = run.stacks.filter(({ frames }) => frames[0] === '[incomplete stack]');
  const count = marked.reduce((sum, stack) => sum + stack.count, 0);
  assert.equal(count, noCfi + readFault + noTable);
  assert.ok(run.summary.problems.some(({ code }) => code === 'incomplete-stacks'));
}

test('generated code with frame pointers: CFI up to it, and from its caller on', needsRoot, async () => {
  const { stacks, summary } = await profile(compiledFixture('generated-code'), 'keeps');
  const spinning = stacks.filter(({ frames }) => frames.at(-1) === 'spin');
  const count = spinning.reduce((sum, stack) => sum + stack.count, 0);
  assert.ok(count > 50, `${count} samples in spin`);
  const whole = ['main', 'calls_generated', '[unknown]_[j]', 'called_back', 'spin'];
  for (const { frames } of spinning) assert.deepEqual(frames.slice(-5), whole);
  assert.ok(summary.frames.by.jit! >= 0.9 * count, JSON.stringify(summary.frames.by));
  assert.equal(summary.frames.by.framePointer, 0);
  assert.ok(summary.stacks.complete >= 0.99 * count, JSON.stringify(summary.stacks));
});

test('generated code without frame pointers: marked, not made up', needsRoot, async () => {
  const run = await profile(compiledFixture('generated-code'), 'uses');
  assertMarked(run);
  const spinning = run.stacks.filter(({ frames }) => frames.at(-1) === 'spin');
  for (const { frames } of spinning)
    assert.equal(frames.join(' '), '[incomplete stack] [unknown]_[j] called_back spin');
});

test('.debug_frame is read from .gnu_debugdata', needsRoot, async () => {
  const { program, rows, debugFile } = separated('-Wl,--build-id=none');
  embed(debugFile, program);
  assert.equal(rowCount(program), rows);
  assertUnwound(await profile(program));
});

for (const [what, bytes] of [
  ['that is too large', Buffer.alloc(100 << 20)],
  ['that is no ELF file', Buffer.from('debug')],
] as const) {
  test(`a .gnu_debugdata ${what} is left alone`, () => {
    const { program, rows, debugFile } = separated('-Wl,--build-id=none');
    writeFileSync(debugFile, bytes);
    embed(debugFile, program);
    const count = rowCount(program);
    assert.ok(count > 0 && count < rows, `${count} of ${rows} rows`);
  });
}

for (const [place, folder] of [
  ['beside the program', '.'],
  ['in .debug', '.debug'],
] as const) {
  test(`.debug_frame is read from the debug file ${place}, by its sum`, needsRoot, async () => {
    const { program, rows, debugFile } = separated('-Wl,--build-id=none');
    moveTo(join(dirname(program), folder), debugFile);
    assert.equal(rowCount(program), rows);
    assertUnwound(await profile(program));
  });
}

test('.debug_frame is read from the debug file of the build id', needsRoot, async (context) => {
  const { program, rows, debugFile } = separated('-Wl,--build-id');
  const path = pathByBuildId(program);
  context.after(() => removeWithFolders(path));
  moveTo(dirname(path), debugFile, basename(path));
  assert.equal(rowCount(program), rows);
  assertUnwound(await profile(program));
});

for (const [what, flag] of [
  ['sum', '-Wl,--build-id=none'],
  ['build id', '-Wl,--build-id=0x1234'],
] as const) {
  test(`a debug file with another ${what} is not believed`, () => {
    const { program, rows, debugFile } = separated(flag);
    assert.equal(rowCount(program), rows);
    const change = ['--remove-section=.note.gnu.build-id', debugFile];
    if (what === 'sum') appendFileSync(debugFile, 'x');
    else execFileSync('objcopy', change, { stdio: 'pipe' });
    assert.ok(rowCount(program) < rows);
  });
}
