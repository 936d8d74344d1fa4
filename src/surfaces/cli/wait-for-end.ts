import { setTimeout as sleep } from 'node:timers/promises';
import type { CaptureSession } from '../../capture/session.js';
import type { Interrupts } from './interrupts.js';
import type { LaunchEnd, Launched, PreparedTarget } from './prepared-target.js';

/** How long a Ctrl-C may take to reach the sampler, which is in our process group. */
const WITNESS_MS = 50;

/** Why sampling is over. */
export type RunEnd = { why: 'ended'; end: LaunchEnd } | { why: 'duration' } | { why: 'interrupt' };

/** Waits for the program, the time or Ctrl-C; passes signals on meanwhile. Rejects when the sampler is lost. */
export async function waitForEnd(
  target: PreparedTarget,
  launched: Launched,
  session: CaptureSession,
  durationMs: number | undefined,
  interrupts: Interrupts,
): Promise<RunEnd> {
  const seenBefore = session.interruptsSeen().catch(() => 0);
  const waiting = new AbortController();
  const { promise: interrupted, resolve: interrupt } = deferred<RunEnd>();
  interrupts.actions = {
    onInterrupt: () =>
      target.isForeign ? interrupt({ why: 'interrupt' }) : void passOnIfAlone(session, launched, seenBefore),
    onTerminate: (signal) =>
      target.isForeign ? interrupt({ why: 'interrupt' }) : signalTargets(session, launched, signal),
  };
  try {
    const ends = [untilEnded(launched, session), interrupted, session.failed];
    if (durationMs !== undefined) ends.push(untilTime(durationMs, waiting.signal));
    return await interrupts.orThrow(Promise.race(ends));
  } finally {
    waiting.abort();
    interrupts.actions = interrupts.actionsBesideRun;
  }
}

/** Our child first, then whatever came through the gate: under Ctrl-C cargo may go before its tests. */
async function untilEnded(launched: Launched, session: CaptureSession): Promise<RunEnd> {
  const end = await launched.ended;
  await session.allEnded();
  return { why: 'ended', end };
}

async function untilTime(durationMs: number, signal: AbortSignal): Promise<RunEnd> {
  await sleep(durationMs, undefined, { signal }).catch(() => {});
  return { why: 'duration' };
}

/** A Ctrl-C on the terminal has reached the program already; a kill of this process alone has not. */
async function passOnIfAlone(
  session: CaptureSession,
  launched: Launched,
  seenBefore: Promise<number>,
): Promise<void> {
  await sleep(WITNESS_MS);
  const seen = await session.interruptsSeen().catch(() => Number.POSITIVE_INFINITY);
  if (seen === (await seenBefore)) signalTargets(session, launched, 'SIGINT');
}

export function signalTargets(session: CaptureSession, launched: Launched, signal: NodeJS.Signals): void {
  const pids = session.processes.filter(({ end }) => end === undefined).map(({ pid }) => pid);
  for (const pid of new Set(pids.length > 0 || launched.pid === undefined ? pids : [launched.pid])) {
    try {
      process.kill(pid, signal);
    } catch {
      // it has just ended
    }
  }
}

function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve!: (value: T) => void;
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
