import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { openRun, type ProfiledRun } from '../../src/index.js';
import type { Figure } from './figure.js';

const RUNS = 8;
const SECONDS = 30;
/** Of one CPU: computes 8 ms, sleeps 92. */
const TARGET = [
  'use Time::HiRes "time";',
  'while (1) { my $end = time + 0.008; while (time < $end) { } select undef, undef, undef, 0.092 }',
].join(' ');
const READ_PAUSE_MS = 5;

/** Of waits of a program that profiles eight others, beside the same program that does not. In milliseconds. */
interface Waits {
  readFileP99: number;
  eventLoopDelayP99: number;
}

/** What eight runs at once cost the process that has them. */
export async function eightRuns(): Promise<Figure[]> {
  const targets = Array.from({ length: RUNS }, () => spawn('perl', ['-e', TARGET], { stdio: 'ignore' }));
  try {
    const without = await measureWaits();
    const runs = await Promise.all(targets.map(({ pid }) => openRun({ pid: pid!, frequencyHz: 99 })));
    const following = runs.map(follow);
    const within = await measureWaits();
    await Promise.all(runs.map((run) => run.stop()));
    const unexplained = (await Promise.all(following)).reduce((sum, count) => sum + count, 0);
    await Promise.all(runs.map((run) => run.close()));
    return [
      figure('fs.readFile', within.readFileP99, without.readFileP99),
      figure('event loop delay', within.eventLoopDelayP99, without.eventLoopDelayP99),
      {
        name: `${RUNS} runs, samples unaccounted for`,
        measured: String(unexplained),
        aim: '0',
        compared: '',
      },
    ];
  } finally {
    await Promise.all(targets.map(end));
  }
}

function figure(what: string, within: number, without: number): Figure {
  return {
    name: `${RUNS} runs at once, ${what} at p99`,
    measured: `×${(within / without).toFixed(2)} (${within.toFixed(2)} ms)`,
    aim: '≤ ×2',
    compared: `the same process without runs: ${without.toFixed(2)} ms`,
  };
}

/** Takes a snapshot a second, as an agent would; returns what its accounts do not explain. */
async function follow(run: ProfiledRun): Promise<number> {
  let unexplained = 0;
  for await (const { totals, profile } of run.snapshots({ everyMs: 1000, since: 'last' }))
    unexplained += Math.abs(totals.unaccounted) + Math.abs(profile.totalCount - totals.samples);
  return unexplained;
}

async function measureWaits(): Promise<Waits> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const reads: number[] = [];
  const endMs = performance.now() + SECONDS * 1000;
  while (performance.now() < endMs) {
    const beginMs = performance.now();
    await readFile('/etc/hostname');
    reads.push(performance.now() - beginMs);
    await sleep(READ_PAUSE_MS);
  }
  delay.disable();
  reads.sort((a, b) => a - b);
  return {
    readFileP99: reads[Math.floor(reads.length * 0.99)]!,
    eventLoopDelayP99: delay.percentile(99) / 1e6,
  };
}

async function end(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'exit');
}
