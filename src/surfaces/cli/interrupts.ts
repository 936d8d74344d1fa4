/** What to do about signals that arrive while a program is profiled. */
export interface InterruptActions {
  /** The first SIGINT. */
  onInterrupt(): void;
  /** SIGTERM, SIGHUP: to be passed on. */
  onTerminate(signal: NodeJS.Signals): void;
  /** The second SIGINT: give up at once. */
  onAbort(): void;
}

/** Takes the signals over until it is disposed. */
export class Interrupts {
  #interrupts = 0;

  constructor(private readonly actions: InterruptActions) {
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
    this.#interrupts++;
    if (this.#interrupts === 1) this.actions.onInterrupt();
    else this.actions.onAbort();
  };

  readonly #onTerminate = (signal: NodeJS.Signals): void => this.actions.onTerminate(signal);
}
