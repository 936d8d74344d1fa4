import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BeeRequest } from '../running/run-bee.js';
import { type RunningBee, startBee, untilTrue } from '../running/running-bee.js';
import { wholeEnd } from './whole-end.js';

const { SIGKILL, SIGSTOP, SIGCHLD, SIGCONT, SIGTERM } = constants.signals;

/** glibc refuses 32 and 33; SIGCHLD is the profiler's own; SIGCONT takes back SIGTSTP, and SIGTERM ends the program. */
const TOGETHER = Array.from({ length: 64 }, (_, index) => index + 1).filter(
  (number) => ![SIGKILL, SIGSTOP, SIGCHLD, SIGCONT, SIGTERM, 32, 33].includes(number),
);
export const EVERY_SIGNAL: readonly number[] = [...TOGETHER, SIGCONT].sort((a, b) => a - b);

/** What the fixture `hears` has written. */
export function linesOf(file: string): string[] {
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : [];
}

/** A run of `hears FILE`, once it hears, and is sampled. */
export async function startHearing(request: BeeRequest, file: string, scratch?: string): Promise<RunningBee> {
  const running = startBee(request, scratch);
  await untilTrue(`the program hears: ${running.said()}`, () => linesOf(file).length > 0);
  await sleep(500);
  return running;
}

/** To a process, or to a group when negative; resolves when all were heard. */
export async function sendEverySignal(to: number, file: string): Promise<void> {
  for (const number of TOGETHER) process.kill(to, number);
  await untilTrue('they were heard', () => linesOf(file).length > TOGETHER.length);
  await sleep(200); // it takes back the signals that stop from whoever in the group has not run since, our witness too
  process.kill(to, SIGCONT);
}

/** What the program heard until it was told to end, after a moment for what would come twice. */
export async function heardUntilEnd(running: RunningBee, file: string, count: number): Promise<string[]> {
  await untilTrue(`${count} signals were heard`, () => linesOf(file).length > count);
  await sleep(300);
  process.kill(running.pid, SIGTERM);
  await wholeEnd(running);
  assert.doesNotMatch(running.said(), /Debugger|inspector/);
  assert.equal(linesOf(file).at(-1), String(SIGTERM));
  return linesOf(file).slice(1, -1);
}

export function sortedNumbers(lines: readonly string[]): number[] {
  return lines.map(Number).sort((a, b) => a - b);
}
