import { ignoredSignals } from '../../capture/inherited-signals.js';

/** Ctrl-C, a closed terminal, Ctrl-\, and what `kill` and service managers send. */
const ENDING_SIGNALS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGTERM'];

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
  /** What to do about a signal; it changes as the run goes on. Not called for a second SIGINT. */
  onSignal: (signal: NodeJS.Signals) => void = this.onSignalBesideRun;
  readonly #ignored = ignoredSignals();
  #reject!: (reason: Interrupted) => void;
  readonly #givenUp = new Promise<never>((_, reject) => {
    this.#reject = reject;
  });

  constructor() {
    this.#givenUp.catch(() => {}); // nobody may be waiting
    for (const signal of ENDING_SIGNALS) process.on(signal, this.#listener);
  }

  /**
   * Before and after the program runs. A Ctrl-C on the terminal has reached cargo too, and its end is ours; once the
   * program has ended, it would cost the outputs that it was pressed for.
   */
  get onSignalBesideRun(): (signal: NodeJS.Signals) => void {
    return (signal) => {
      if (signal !== 'SIGINT') this.#giveUp(signal, `ended by ${signal}`);
    };
  }

  /** The result of `work`; rejects with Interrupted as soon as the run is given up. `work` then goes on alone. */
  async orThrow<T>(work: Promise<T>): Promise<T> {
    return await Promise.race([work, this.#givenUp]);
  }

  [Symbol.dispose](): void {
    for (const signal of ENDING_SIGNALS) process.off(signal, this.#listener);
  }

  #giveUp(signal: NodeJS.Signals, why: string): void {
    this.#reject(new Interrupted(signal, `${why}: the profile is incomplete`));
  }

  readonly #listener = (signal: NodeJS.Signals): void => {
    if (this.#ignored.includes(signal)) return; // Node has taken its default: without a listener it would end us
    if (signal === 'SIGINT' && ++this.count > 1) this.#giveUp(signal, 'interrupted twice');
    else this.onSignal(signal);
  };
}
