import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { findSymbol } from '../../ffi/compiled-program.js';
import type { Counts } from '../results/summary.js';
import { builtProgram } from '../running/fixture-programs.js';
import { needsRoot } from '../running/needs-root.js';
import { profileWith, runBee } from '../running/run-bee.js';
import { scratchDirectory } from '../running/scratch-directory.js';
import { isKernelFrame, type RawFrame, type RawLine, readRawSamples } from './raw-samples.js';

const TOTAL = (lines: readonly RawLine[]) => lines.reduce((sum, { count }) => sum + count, 0);

test('raw samples: every delivered stack, and the numbers of the summary', needsRoot, async () => {
  const path = join(scratchDirectory(), 'raw.ndjson');
  const program = builtProgram('deep');
  const args = ['--raw-samples', path, '--frequency', '997', '--', program];
  const { summary } = await profileWith({ command: 'profile-bee', args });
  const lines = readRawSamples(path);
  assert.equal(TOTAL(lines), summary.samples.delivered);
  assert.ok(TOTAL(lines) > 100, 'there is something to look at');
  for (const line of lines) assertForm(line);
  const { kernel, ...by } = countedByRule(lines);
  assert.equal(kernel ?? 0, summary.frames.kernel);
  assert.deepEqual({ ...zeros(summary.frames.by), ...by }, summary.frames.by);
  assert.deepEqual(
    outcomes(lines),
    present({ ...summary.stacks.incomplete, complete: summary.stacks.complete }),
  );
  const output = summary.outputs.find(({ format }) => format === 'raw-samples');
  assert.deepEqual([output?.path, output?.bytes], [path, readFileSync(path).length]);
  assertReachesStart(lines, program);
});

function assertForm(line: RawLine): void {
  const shown = JSON.stringify(line).slice(0, 300);
  assert.ok(
    [line.pid, line.tid, line.count].every((value) => Number.isSafeInteger(value) && value > 0),
    shown,
  );
  assert.equal(line.count === 1, line.timeNs !== undefined && line.cpu !== undefined, shown);
  for (const { module, offset } of line.frames) {
    assert.match(offset, /^0x[0-9a-f]+$/);
    assert.notEqual(module, '');
  }
  const firstUser = line.frames.findIndex((frame) => !isKernelFrame(frame));
  assert.ok(
    firstUser < 0 || !line.frames.slice(firstUser).some(isKernelFrame),
    `the kernel is on top: ${shown}`,
  );
}

function countedByRule(lines: readonly RawLine[]): Counts {
  const counts: Counts = {};
  for (const { frames, count } of lines)
    for (const { rule } of frames) counts[rule] = (counts[rule] ?? 0) + count;
  return counts;
}

function outcomes(lines: readonly RawLine[]): Counts {
  const counts: Counts = {};
  for (const { outcome, count } of lines)
    if (outcome !== 'kernelOnly') counts[outcome] = (counts[outcome] ?? 0) + count;
  return counts;
}

function zeros(counts: Counts): Counts {
  return Object.fromEntries(Object.keys(counts).map((name) => [name, 0]));
}

function present(counts: Counts): Counts {
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
}

/** Leaf first: what nm calls _start stands at the end, with the build id that readelf reads. */
function assertReachesStart(lines: readonly RawLine[], program: string): void {
  const complete = lines.filter(({ outcome, frames }) => outcome === 'complete' && frames.length > 20);
  const ends = complete.map(({ frames }) => frames.at(-1)!);
  const start = findSymbol(program, /^_start$/, '-n');
  const isStart = ({ module, offset }: RawFrame) =>
    module === program && BigInt(offset) >= start.address && BigInt(offset) < start.address + 64n;
  assert.ok(ends.length > 0 && ends.every(isStart), JSON.stringify(ends.slice(0, 3)));
  const notes = execFileSync('readelf', ['-n', program], { encoding: 'utf8' });
  assert.equal(ends[0]!.buildId, /Build ID: ([0-9a-f]+)/.exec(notes)?.[1] ?? '');
}

test('raw samples: an empty file without samples', needsRoot, async () => {
  const path = join(scratchDirectory(), 'raw.ndjson');
  const args = ['--raw-samples', path, '--frequency', '1', '--', '/bin/true'];
  const { summary } = await profileWith({ command: 'profile-bee', args });
  assert.equal(TOTAL(readRawSamples(path)), summary.samples.delivered);
  assert.ok(existsSync(path));
});

test('raw samples: a file that cannot be written is refused before anything runs', needsRoot, async () => {
  const proof = join(scratchDirectory(), 'ran');
  const args = ['--raw-samples', '/nowhere/raw.ndjson', '--', 'touch', proof];
  const { code, stderr } = await runBee({ command: 'profile-bee', args });
  assert.equal(code, 2, stderr);
  assert.match(stderr, /cannot write \/nowhere\/raw\.ndjson/);
  assert.ok(!existsSync(proof));
});
