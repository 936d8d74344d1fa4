import { setTimeout as sleep } from 'node:timers/promises';
import type { CaptureSession } from '../capture/capture-session.js';
import type { RunningTarget } from './running-target.js';
import { endsProcess } from './signals/interrupts.js';
import { JobControl } from './signals/job-control.js';
import { passingOn } from './signals/pass-signals.js';
import { FIRST_REAL_TIME, signalName } from './signals/signal-name.js';
import type { LaunchEnd, Launched } from './targets/prepared-target.js';

/** Why sampling is over. */
export type RunEnd = { why: 'ended'; end: LaunchEnd } | { why: 'duration' } | { why: 'interrupt' };

/**
 * Waits for the program, the time (undefined: as long as it takes) or Ctrl-C; passes signals on meanwhile. Rejects when the
 * sampler is lost.
 */
export async function waitForEnd(run: RunningTarget, durationMs: number | undefined): Promise<RunEnd> {
  const { launched, session, interrupts } = run;
  const waiting = new AbortController();
  const { promise: interrupted, resolve: interrupt } = deferred<RunEnd>();
  using _ = run.target.isForeign
    ? endOnSignal(run, () => interrupt({ why: 'interrupt' }))
    : passSignalsOn(run);
  try {
    const ends = [untilEnded(launched, session), interrupted, session.failed];
    if (durationMs !== undefined) ends.push(untilTime(durationMs, waiting.signal));
    return await interrupts.orThrow(Promise.race(ends));
  } finally {
    waiting.abort();
    interrupts.onSignal = interrupts.endAfterProgram;
  }
}

/** Nobody here is to be told: what would end us ends the profile. */
function endOnSignal({ interrupts }: RunningTarget, end: () => void): undefined {
  interrupts.onSignal = (signal) => {
    if (endsProcess(signal)) end();
  };
}

/** Until it is disposed, the program is stopped and continued with us. */
function passSignalsOn(run: RunningTarget): JobControl {
  const passOn = passingOn(run);
  run.interrupts.onSignal = passOn;
  return new JobControl(run.launched, passOn);
}

/** Our child first, then whatever came through the gate: under Ctrl-C cargo may go before its tests. */
async function untilEnded(launched: Launched, session: CaptureSession): Promise<RunEnd> {
  const end = await launched.ended;
  await session.allEnded();
  return { why: 'ended', end: withRealTimeSignal(end, launched, session) };
}

/**
 * Node tells of a child that a real-time signal ended as of one that exited with 0. The kernel has told of the program;
 * cargo, when a test ended so, would have said 101: then it was sent to both.
 */
function withRealTimeSignal(end: LaunchEnd, { pid }: Launched, session: CaptureSession): LaunchEnd {
  if (end.code !== 0 || pid === undefined) return end;
  const own = session.processes.filter((process) => process.pid === pid);
  const signals = (own.length > 0 ? own : session.processes).map((process) => process.end?.signal ?? 0);
  const signal = Math.max(0, ...signals);
  return signal >= FIRST_REAL_TIME - 2 ? { code: null, signal: signalName(signal) } : end;
}

async function untilTime(durationMs: number, signal: AbortSignal): Promise<RunEnd> {
  await sleep(durationMs, undefined, { signal }).catch(() => {});
  return { why: 'duration' };
}

function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve!: (value: T) => void;
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
