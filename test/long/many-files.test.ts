import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openRun, type ProfileSnapshot } from '../../src/index.js';
import { needsRunsOfRoot } from '../kernel/running/needs-root.js';
import { repositoryRoot } from '../kernel/running/repository.js';
import { scratchDirectory } from '../kernel/running/scratch-directory.js';

const PROGRAMS = 20_000;
const PARALLEL = 4;

/** What is left of a run's snapshots. */
interface Seen {
  samples: number;
  snapshots: number;
  /** Of those with a user stack, by their share. */
  completeSamples: number;
}

test(
  'a run of 20,000 short processes of 20,000 files: complete, each snapshot exact, and in flat memory',
  needsRunsOfRoot('setup bounds the memory'),
  async (t) => {
    const run = await openRun({ command: manyPrograms(), stdio: 'ignore', frequencyHz: 997 });
    try {
      const sampler = watchMemory(() => privateBytes(samplerPid()), t.signal);
      const node = watchMemory(() => process.memoryUsage.rss(), t.signal);
      const seen: Seen = { samples: 0, snapshots: 0, completeSamples: 0 };
      for await (const snapshot of run.snapshots({ everyMs: 1000, since: 'last' })) note(snapshot, seen);
      t.diagnostic(`${seen.samples} samples in ${seen.snapshots} snapshots`);
      assert.ok(seen.samples > PROGRAMS, `${seen.samples} samples`);
      assert.ok(
        seen.completeSamples >= 0.995 * seen.samples,
        `${seen.completeSamples} of ${seen.samples} complete`,
      );
      assertFlat('sampler', sampler, t);
      assertFlat('node', node, t);
    } finally {
      await run.close();
    }
  },
);

function note({ totals, profile }: ProfileSnapshot, seen: Seen): void {
  const lost = Object.values(totals.lost).reduce((sum, count) => sum + count, 0);
  assert.equal(totals.fired, totals.samples + lost);
  assert.equal(profile.totalCount, totals.samples);
  seen.samples += totals.samples;
  seen.completeSamples += (totals.completePercent / 100) * totals.samples;
  seen.snapshots++;
}

/**
 * After the warm-up, that is in the second half of the run: no value is more than a tenth from its mean. 0: the process has
 * ended.
 */
function assertFlat(what: string, watched: readonly number[], t: TestContext): void {
  const bytes = watched.filter((value) => value > 0);
  const shown = Array.from({ length: 10 }, (_, tenth) => bytes[Math.floor((tenth * bytes.length) / 10)]!);
  t.diagnostic(`${what}, ten times: ${shown.map(megabytes).join(', ')}`);
  const half = bytes.slice(bytes.length >> 1);
  const mean = half.reduce((sum, value) => sum + value, 0) / half.length;
  const [least, most] = [Math.min(...half), Math.max(...half)];
  const found = `${what}: ${megabytes(least)} to ${megabytes(most)}, mean ${megabytes(mean)}`;
  t.diagnostic(found);
  assert.ok(least >= 0.9 * mean && most <= 1.1 * mean, found);
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

function manyPrograms(): [string, ...string[]] {
  const folder = scratchDirectory();
  const program = join(folder, 'many-programs');
  execFileSync('cc', ['-O1', '-o', program, join(repositoryRoot, 'test/long/many-programs.c')]);
  const files = join(folder, 'files');
  mkdirSync(files);
  return [program, files, String(PROGRAMS), String(PARALLEL)];
}

/** Each second; the array grows until the end of the test. */
function watchMemory(bytesNow: () => number, signal: AbortSignal): readonly number[] {
  const bytes: number[] = [];
  const timer = setInterval(() => bytes.push(bytesNow()), 1000);
  signal.addEventListener('abort', () => clearInterval(timer));
  return bytes;
}

function samplerPid(): string {
  const ours = readdirSync('/proc').filter((name) => {
    if (!/^\d+$/.test(name)) return false;
    const status = statusOf(name);
    return /^Name:\tbee-sampler$/m.test(status) && status.includes(`\nPPid:\t${process.pid}\n`);
  });
  return ours[0] ?? '';
}

/** RssAnon. */
function privateBytes(pid: string): number {
  return Number(/^RssAnon:\s+(\d+)/m.exec(statusOf(pid))?.[1] ?? 0) * 1024;
}

function statusOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    return ''; // it has ended
  }
}
