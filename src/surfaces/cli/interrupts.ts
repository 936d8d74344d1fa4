import { constants } from 'node:os';

/** What to do about signals; it changes as the run goes on. */
export interface InterruptActions {
  /** The first SIGINT. */
  onInterrupt(): void;
  /** SIGTERM, SIGHUP. */
  onTerminate(signal: NodeJS.Signals): void;
  /** The second SIGINT: give up at once. */
  onAbort(): void;
}

/** The signals of a whole run, from before the build until the outputs are written. Dispose it to let go. */
export class Interrupts {
  /** SIGINTs so far. */
  count = 0;

  constructor(public actions: InterruptActions) {
    process.on('SIGINT', this.#onInterrupt);
    process.on('SIGTERM', this.#onTerminate);
    process.on('SIGHUP', this.#onTerminate);
  }

  [Symbol.dispose](): void {
    process.off('SIGINT', this.#onInterrupt);
    process.off('SIGTERM', this.#onTerminate);
    process.off('SIGHUP', this.#onTerminate);
  }

  readonly #onInterrupt = (): void => {
    this.count++;
    if (this.count === 1) this.actions.onInterrupt();
    else this.actions.onAbort();
  };

  readonly #onTerminate = (signal: NodeJS.Signals): void => this.actions.onTerminate(signal);
}

/**
 * Until the program runs: a Ctrl-C on the terminal has reached cargo too, and its end is ours. `cleanUp` must be
 * synchronous.
 */
export function actionsWhilePreparing(cleanUp: () => void): InterruptActions {
  const leave = (signal: NodeJS.Signals): void => {
    cleanUp();
    process.exit(128 + constants.signals[signal]);
  };
  return { onInterrupt: () => {}, onTerminate: leave, onAbort: () => leave('SIGINT') };
}
