import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { readRawSamples } from '../account/raw-samples.js';
import { needsRoot } from '../running/needs-root.js';
import { profileWith, runBee } from '../running/run-bee.js';
import { scratchDirectory } from '../running/scratch-directory.js';
import { compiledFixture } from './unwinding-fixture.js';

const NO_LIBC = [
  '-m32',
  '-nostdlib',
  '-static',
  '-ffreestanding',
  '-fno-stack-protector',
  '-fno-pic',
  '-no-pie',
];

let built: string | undefined;
function program(): string {
  built ??= compiledFixture('thirty-two-bit', ...NO_LIBC);
  return built;
}

/** The kernel may have been built without 32-bit programs. */
function canRun(): boolean {
  return spawnSync(program()).status === 3;
}

const REFUSAL = 'it is a 32-bit program, and only 64-bit ones can be unwound';

test('a 32-bit command is refused by name and not run', needsRoot, async () => {
  const { code, stderr } = await runBee({ command: 'profile-bee', args: ['--', program()] });
  assert.equal(code, 2, stderr);
  assert.ok(stderr.includes(`cannot profile ${program()}: ${REFUSAL}`), stderr);
});

test('a 32-bit process is refused by pid and name', needsRoot, async (t) => {
  if (!canRun()) return t.skip('this kernel runs no 32-bit programs');
  const child = spawn(program());
  child.kill('SIGSTOP'); // it must still be there when it is looked at
  const args = ['--pid', String(child.pid), '-d', '1'];
  const { code, stderr } = await runBee({ command: 'profile-bee', args });
  child.kill('SIGKILL');
  assert.equal(code, 2, stderr);
  assert.ok(
    stderr.includes(`cannot profile process ${child.pid} (${basename(program())}): ${REFUSAL}`),
    stderr,
  );
});

test('32-bit children are counted and named, and nothing is invented for them', needsRoot, async (t) => {
  if (!canRun()) return t.skip('this kernel runs no 32-bit programs');
  const path = join(scratchDirectory(), 'raw.ndjson');
  const script = `${program()}; i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done`;
  const args = ['--raw-samples', path, '--frequency', '997', '--', '/bin/sh', '-c', script];
  const { summary, stacks } = await profileWith({ command: 'profile-bee', args });
  const count = summary.stacks.incomplete.thirtyTwoBit ?? 0;
  assert.ok(count > 50, JSON.stringify(summary.stacks));
  const marked = stacks.filter(({ frames }) => frames[0] === '[32-bit program]');
  assert.equal(
    marked.reduce((sum, stack) => sum + stack.count, 0),
    count,
  );
  const problem = summary.problems.find(({ code }) => code === 'thirty-two-bit');
  assert.ok(problem?.message.startsWith(`${program()}: a 32-bit file`), JSON.stringify(summary.problems));
  const lines = readRawSamples(path).filter(({ outcome }) => outcome === 'thirtyTwoBit');
  assert.ok(lines.every(({ frames }) => frames.every(({ rule }) => rule === 'kernel')));
  assert.ok(summary.stacks.complete > 20, 'the shell beside it is unwound');
});
