/** What to do about signals; it changes as the run goes on. */
export interface InterruptActions {
  /** The first SIGINT. */
  onInterrupt(): void;
  /** SIGTERM, SIGHUP. */
  onTerminate(signal: NodeJS.Signals): void;
}

/** A signal ended the run before its outputs were written. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';

  constructor(
    readonly signal: NodeJS.Signals,
    message: string,
  ) {
    super(message);
  }
}

/**
 * The signals of a whole run, from before the build until the outputs are written. Dispose it to let go. Giving up is a
 * rejection and not an exit, so that whoever has reserved or opened something undoes it on the way out.
 */
export class Interrupts {
  /** SIGINTs so far. */
  count = 0;
  actions: InterruptActions = this.actionsBesideRun;
  #reject!: (reason: Interrupted) => void;
  readonly #givenUp = new Promise<never>((_, reject) => {
    this.#reject = reject;
  });

  constructor() {
    this.#givenUp.catch(() => {}); // nobody may be waiting
    process.on('SIGINT', this.#onInterrupt);
    process.on('SIGTERM', this.#onTerminate);
    process.on('SIGHUP', this.#onTerminate);
  }

  /**
   * Before and after the program runs. A Ctrl-C on the terminal has reached cargo too, and its end is ours; once the
   * program has ended, it would cost the outputs that it was pressed for.
   */
  get actionsBesideRun(): InterruptActions {
    return { onInterrupt: () => {}, onTerminate: (signal) => this.#giveUp(signal, `ended by ${signal}`) };
  }

  /** The result of `work`; rejects with Interrupted as soon as the run is given up. `work` then goes on alone. */
  async orThrow<T>(work: Promise<T>): Promise<T> {
    return await Promise.race([work, this.#givenUp]);
  }

  [Symbol.dispose](): void {
    process.off('SIGINT', this.#onInterrupt);
    process.off('SIGTERM', this.#onTerminate);
    process.off('SIGHUP', this.#onTerminate);
  }

  #giveUp(signal: NodeJS.Signals, why: string): void {
    this.#reject(new Interrupted(signal, `${why}: the profile is incomplete`));
  }

  readonly #onInterrupt = (): void => {
    this.count++;
    if (this.count === 1) this.actions.onInterrupt();
    else this.#giveUp('SIGINT', 'interrupted twice');
  };

  readonly #onTerminate = (signal: NodeJS.Signals): void => this.actions.onTerminate(signal);
}
