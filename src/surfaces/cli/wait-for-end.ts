import { setTimeout as sleep } from 'node:timers/promises';
import type { CaptureSession } from '../../capture/session.js';
import type { Interrupts } from './interrupts.js';
import type { LaunchEnd, Launched, PreparedTarget } from './prepared-target.js';
import { SignalWitness } from './signal-witness.js';

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
  const waiting = new AbortController();
  const { promise: interrupted, resolve: interrupt } = deferred<RunEnd>();
  interrupts.onSignal = target.isForeign
    ? () => interrupt({ why: 'interrupt' })
    : passingOn(session, launched);
  try {
    const ends = [untilEnded(launched, session), interrupted, session.failed];
    if (durationMs !== undefined) ends.push(untilTime(durationMs, waiting.signal));
    return await interrupts.orThrow(Promise.race(ends));
  } finally {
    waiting.abort();
    interrupts.onSignal = interrupts.onSignalBesideRun;
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

/** Passes on what came to this process alone. */
export function passingOn(session: CaptureSession, launched: Launched): (signal: NodeJS.Signals) => void {
  const witness = new SignalWitness(session);
  return async (signal) => {
    if (await witness.cameToUsAlone(signal)) signalTargets(session, launched, signal);
  };
}

/** To cargo too, which would start the next test otherwise; to it first, so that it does not tell of a failed one. */
export function signalTargets(session: CaptureSession, launched: Launched, signal: NodeJS.Signals): void {
  const observed = session.processes.filter(({ end }) => end === undefined).map(({ pid }) => pid);
  for (const pid of new Set([...(launched.isRunning() ? [launched.pid] : []), ...observed])) {
    if (pid === undefined) continue;
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
