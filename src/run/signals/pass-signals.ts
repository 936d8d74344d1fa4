import { constants } from 'node:os';
import type { CaptureSession } from '../../capture/capture-session.js';
import { queueSignal } from '../../ffi/native-signals.js';
import type { Launched, PreparedTarget } from '../targets/prepared-target.js';
import type { CaughtSignal, Interrupts } from './interrupts.js';

/** What is meant for a run as a whole: to end it, or to stop it and let it go on. */
const FOR_ALL: readonly string[] = [
  'SIGINT',
  'SIGHUP',
  'SIGQUIT',
  'SIGTERM',
  'SIGKILL',
  'SIGTSTP',
  'SIGTTIN',
  'SIGTTOU',
  'SIGCONT',
];

type Run = {
  target: PreparedTarget;
  launched: Launched;
  session: CaptureSession;
  interrupts: Interrupts;
};

/** Passes on what came to this process alone, in its order. */
export function passingOn(run: Run): (signal: CaughtSignal) => Promise<void> {
  return async (signal) => {
    if (await run.interrupts.cameToUsAlone(signal)) signalTargets(run, signal);
  };
}

/** Asks what we have started to end, or ends it. */
export function endTargets(run: Run, name: 'SIGTERM' | 'SIGKILL'): void {
  signalTargets(run, { name, number: constants.signals[name], isQueued: false });
}

function signalTargets(run: Run, signal: CaughtSignal): void {
  for (const pid of new Set(receiversOf(run, signal.name))) send(pid, signal);
}

/**
 * Of `cargo run` our child becomes the program. Of `cargo test` it is cargo, and each test a process beside it: what ends
 * the run reaches both (cargo would start the next test otherwise; it is the first, so that it does not tell of a failed
 * one), and everything else the tests, as cargo can only die of it. cargo-nextest hands on by itself.
 */
function receiversOf({ target, launched, session }: Run, name: string): number[] {
  const child = launched.isRunning() && launched.pid !== undefined ? [launched.pid] : [];
  if (target.handsOnSignals) return child;
  const observed = session.processes.filter(({ end }) => end === undefined).map(({ pid }) => pid);
  return FOR_ALL.includes(name) || observed.length === 0 ? [...child, ...observed] : observed;
}

function send(pid: number, { number, value }: CaughtSignal): void {
  try {
    if (value === undefined) process.kill(pid, number);
    else queueSignal(pid, number, value);
  } catch {
    // it has just ended, or has become another user's
  }
}
