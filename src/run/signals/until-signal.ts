import { asksForTheEnd, Interrupted, type Interrupts } from './interrupts.js';

/**
 * `work` waits for somebody else: the first signal that asks for the end aborts the AbortSignal that it gets, and `work` is
 * what then rejects.
 */
export async function untilSignal<T>(
  interrupts: Interrupts,
  work: (ending: AbortSignal) => Promise<T>,
): Promise<T> {
  const ending = new AbortController();
  const { onSignal } = interrupts;
  interrupts.onSignal = (signal) => {
    const why = `ended by ${signal.name}: not every output has found its reader`;
    if (asksForTheEnd(signal)) ending.abort(new Interrupted(signal.name, why));
  };
  // A second Ctrl-C of the run, where the first has ended the program.
  interrupts.orThrow(new Promise<never>(() => {})).catch((error) => ending.abort(error));
  try {
    return await work(ending.signal);
  } finally {
    interrupts.onSignal = onSignal;
  }
}
