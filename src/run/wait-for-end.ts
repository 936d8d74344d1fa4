import { setTimeout as sleep } from 'node:timers/promises';
import type { CaptureSession } from '../capture/capture-session.js';
import { deferred } from '../capture/deferred.js';
import type { RunningTarget } from './running-target.js';
import { endsProcess } from './signals/interrupts.js';
import { JobControl } from './signals/job-control.js';
import { passingOn } from './signals/pass-signals.js';
import { FIRST_REAL_TIME, signalName } from './signals/signal-name.js';
import type { LaunchEnd, Launched } from './targets/prepared-target.js';

/** Why sampling is over. */
export type RunEnd = { why: 'ended'; end: LaunchEnd } | { why: 'duration' } | { why: 'interrupt' };

/**
 * Waits for the target, the duration (undefined: unlimited) or Ctrl-C, and passes signals on meanwhile. Rejects if the
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

/** The target is not ours to signal: a signal that would end us ends the profile. */
function endOnSignal({ interrupts }: RunningTarget, end: () => void): undefined {
  interrupts.onSignal = (signal) => {
    if (endsProcess(signal)) end();
  };
}

/** Until it is disposed, the program stops and continues with us. */
function passSignalsOn(run: RunningTarget): JobControl {
  const passOn = passingOn(run);
  run.interrupts.onSignal = passOn;
  return new JobControl(run.launched, passOn);
}

/** Our child first, then every process that came through the gate: after Ctrl-C, cargo may exit before its tests. */
async function untilEnded(launched: Launched, session: CaptureSession): Promise<RunEnd> {
  const end = await launched.ended;
  await session.allEnded();
  return { why: 'ended', end: withRealTimeSignal(end, launched, session) };
}

/**
 * Node reports a child killed by a real-time signal as exited with 0. The kernel reported the target's signal. If cargo
 * exits with 0 too, the signal went to both: for a test that died alone, cargo would have exited with 101.
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
