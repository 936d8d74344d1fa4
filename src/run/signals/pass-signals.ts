import { constants } from 'node:os';
import { queueSignal } from '../../ffi/native-signals.js';
import type { RunningTarget } from '../running-target.js';
import type { CaughtSignal } from './interrupts.js';

/** Signals meant for a run as a whole: they end, stop or continue it. */
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

/** Passes on signals sent only to this process, in order. */
export function passingOn(run: RunningTarget): (signal: CaughtSignal) => Promise<void> {
  return async (signal) => {
    if (await run.interrupts.cameToUsAlone(signal)) signalTargets(run, signal);
  };
}

/** Asks the processes that we started to end, or kills them. */
export function endTargets(run: RunningTarget, name: 'SIGTERM' | 'SIGKILL'): void {
  signalTargets(run, { name, number: constants.signals[name], isQueued: false });
}

function signalTargets(run: RunningTarget, signal: CaughtSignal): void {
  for (const pid of new Set(receiversOf(run, signal.name))) send(pid, signal);
}

/**
 * With `cargo run`, our child becomes the program. With `cargo test`, it is cargo, and each test is another process.
 * Signals that end the run go to both: otherwise cargo would start the next test. Cargo gets them first, so that it does
 * not report a failed test. All other signals go only to the tests, as they could only kill cargo. cargo-nextest passes
 * signals on itself.
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
    // it has just exited or now belongs to another user
  }
}
