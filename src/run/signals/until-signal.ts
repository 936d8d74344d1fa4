import { asksForTheEnd, Interrupted, type Interrupts } from './interrupts.js';

/**
 * Runs `work`, which waits for another process: the first signal that asks for the end aborts its AbortSignal, and `work`
 * then rejects.
 */
export async function untilSignal<T>(
  interrupts: Interrupts,
  work: (ending: AbortSignal) => Promise<T>,
): Promise<T> {
  const ending = new AbortController();
  const { onSignal } = interrupts;
  interrupts.onSignal = (signal) => {
    const why = `ended by ${signal.name}: not every output was read`;
    if (asksForTheEnd(signal)) ending.abort(new Interrupted(signal.name, why));
  };
  // A second Ctrl-C of the run, if the first ended the program.
  interrupts.orThrow(new Promise<never>(() => {})).catch((error) => ending.abort(error));
  try {
    return await work(ending.signal);
  } finally {
    interrupts.onSignal = onSignal;
  }
}
