import { constants } from 'node:os';
import { queueSignal } from '../../ffi/native-signals.js';
import type { RunningTarget } from '../running-target.js';
import type { CaughtSignal } from './interrupts.js';

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

/** Passes on what came to this process alone, in its order. */
export function passingOn(run: RunningTarget): (signal: CaughtSignal) => Promise<void> {
  return async (signal) => {
    if (await run.interrupts.cameToUsAlone(signal)) signalTargets(run, signal);
  };
}

/** Asks what we have started to end, or ends it. */
export function endTargets(run: RunningTarget, name: 'SIGTERM' | 'SIGKILL'): void {
  signalTargets(run, { name, number: constants.signals[name], isQueued: false });
}

function signalTargets(run: RunningTarget, signal: CaughtSignal): void {
  for (const pid of new Set(receiversOf(run, signal.name))) send(pid, signal);
}

/**
 * Of `cargo run` our child becomes the program. Of `cargo test` it is cargo, and each test a process beside it: what ends
 * the run reaches both (cargo would start the next test otherwise; it is the first, so that it does not tell of a failed
 * one), and everything else the tests, as cargo can only die of it. cargo-nextest hands on by itself.
 */
function receiversOf({ target, launched, session }: RunningTarget, name: string): number[] {
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
