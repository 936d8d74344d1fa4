import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';
import { isKernelFrame, type RawLine, readRawSamples } from '../account/raw-samples.js';
import { needsRoot } from '../running/needs-root.js';
import { profileWith } from '../running/run-bee.js';
import { scratchDirectory } from '../running/scratch-directory.js';
import { compiledFixture, lldFlags } from '../unwinding/unwinding-fixture.js';
import { type GdbFrame, gdbBacktrace } from './gdb-backtrace.js';

const PLT = { name: 'inside-the-plt', least: 6 } as const;

/** Where the fixture spins, and (once it is stopped there) how many frames a walk has at least. */
const SITUATIONS = [
  { name: 'signal-on-altstack', least: 8, says: 'a signal handler on a stack of its own', flags: [] },
  {
    name: 'overflow-in-a-probe',
    least: 6,
    says: 'a stack overflow while a prologue probes its frame',
    flags: ['-fstack-clash-protection'],
  },
  { name: 'half-a-prologue', least: 6, says: 'between two instructions of a prologue', flags: [] },
  { name: 'noreturn-call', least: 6, says: 'a return address that is in the next function', flags: [] },
  { name: 'realigned-frame', least: 6, says: 'a realigned frame whose CFA lies in memory', flags: [] },
  { ...PLT, says: 'a slot of the linkage table', flags: ['-Wl,-z,lazy'] },
  { ...PLT, says: 'a slot of the second linkage table', flags: ['-fcf-protection', '-Wl,-z,lazy,-z,ibtplt'] },
  { ...PLT, says: 'a slot that LLD has made, without CFI', flags: [...lldFlags(), '-Wl,-z,lazy'] },
] as const;

for (const { name, least, says, flags } of SITUATIONS) {
  test(`frame by frame as gdb: ${says}`, needsRoot, async () => {
    const program = compiledFixture(name, '-g', '-falign-functions=1', '-fno-builtin', ...flags);
    const { lines, frames } = await bothViews(program);
    assert.ok(frames.length >= least, `gdb has ${frames.length} frames`);
    const callers = chain(frames.slice(1));
    for (const { line, user } of complete(lines)) {
      assert.equal(chain(user.slice(1)), callers, JSON.stringify(line).slice(0, 200));
      assert.equal(user[0]!.module, frames[0]!.module);
    }
  });
}

test('frame by frame as gdb: the callers of the vdso', needsRoot, async () => {
  const { lines, frames } = await bothViews(compiledFixture('in-the-vdso'), '__vdso_clock_gettime');
  assert.deepEqual([frames[0]!.module, frames.length], ['[vdso]', 7]);
  const callers = chain(frames.slice(1));
  const inside = complete(lines).filter(({ user }) => user[0]!.module === '[vdso]');
  assert.ok(countOf(inside.map(({ line }) => line)) > 50, `${inside.length} stacks in the vdso`);
  for (const { line, user } of inside) {
    const outside = user.filter(({ module }) => module !== '[vdso]');
    assert.equal(chain(outside), callers, JSON.stringify(line).slice(0, 200));
  }
});

/** The same process, profiled while it spins and then stopped by gdb. */
async function bothViews(
  program: string,
  breakAt?: string,
): Promise<{ lines: RawLine[]; frames: GdbFrame[] }> {
  const child = await spinning(program);
  try {
    const path = join(scratchDirectory(), 'raw.ndjson');
    const args = ['--raw-samples', path, '--frequency', '997', '-d', '0.5', '--pid', String(child.pid)];
    await profileWith({ command: 'profile-bee', args });
    return { lines: readRawSamples(path), frames: gdbBacktrace(child.pid!, breakAt) };
  } finally {
    child.kill('SIGKILL');
  }
}

async function spinning(program: string): Promise<ChildProcess> {
  const child = spawn(program, { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout!, 'data');
  return child;
}

/** All samples but single ones must be complete: the program does one thing. */
function complete(lines: readonly RawLine[]) {
  const found = lines.filter(({ outcome }) => outcome === 'complete');
  assert.ok(countOf(found) > 20, `${countOf(found)} complete samples`);
  assert.ok(countOf(found) >= 0.99 * countOf(lines), JSON.stringify(lines.slice(0, 2)).slice(0, 400));
  return found.map((line) => ({ line, user: line.frames.filter((frame) => !isKernelFrame(frame)) }));
}

function countOf(lines: readonly RawLine[]): number {
  return lines.reduce((sum, { count }) => sum + count, 0);
}

function chain(frames: readonly GdbFrame[]): string {
  return frames.map(({ module, offset }) => `${module} ${offset}`).join('\n');
}
