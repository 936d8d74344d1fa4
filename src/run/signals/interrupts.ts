import { constants } from 'node:os';
import { ignoredSignals } from '../../capture/gate/inherited-signals.js';
import { SignalWitness, type WitnessedSignal } from '../../capture/gate/signal-witness.js';
import { listenForSignals } from '../../ffi/native-signals.js';
import { FIRST_REAL_TIME, LAST_SIGNAL, signalName } from './signal-name.js';

/** Ctrl-C, a closed terminal, Ctrl-\, and what `kill` and service managers send. */
const ENDING_SIGNALS: readonly string[] = ['SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGTERM'];
/** Those of job control wait for a program (job-control.ts). SIGCHLD tells of our own children, and of nobody else's. */
const HEARD_BY_NODE: readonly NodeJS.Signals[] = [
  'SIGINT',
  'SIGHUP',
  'SIGQUIT',
  'SIGTERM',
  'SIGTRAP',
  'SIGABRT',
  'SIGUSR1',
  'SIGUSR2',
  'SIGALRM',
  'SIGSTKFLT',
  'SIGURG',
  'SIGXCPU',
  'SIGXFSZ',
  'SIGVTALRM',
  'SIGPROF',
  'SIGWINCH',
  'SIGIO',
  'SIGPWR',
  'SIGSYS',
];
/** Of faults only those that somebody has sent. */
const { SIGILL, SIGBUS, SIGFPE, SIGSEGV, SIGPIPE } = constants.signals;
const HEARD_NATIVELY: readonly number[] = [
  SIGILL,
  SIGBUS,
  SIGFPE,
  SIGSEGV,
  SIGPIPE,
  ...Array.from({ length: LAST_SIGNAL + 1 - FIRST_REAL_TIME }, (_, index) => FIRST_REAL_TIME + index),
];
/** Without effect on a process that has not asked for them; cargo, Node and every Rust program ignore SIGPIPE. */
const HARMLESS: readonly string[] = ['SIGWINCH', 'SIGURG', 'SIGCONT', 'SIGPIPE', 'SIGXFSZ'];

/** A signal to this process; `value` is what sigqueue gave along. */
export interface CaughtSignal extends WitnessedSignal {
  value?: bigint | undefined;
  /** We were started with it ignored, and it does nothing to us; a program of ours may have its own mind. */
  isIgnored?: boolean;
}

/** As the kernel would without a handler. */
export function endsProcess({ name, isIgnored }: CaughtSignal): boolean {
  return isIgnored !== true && !HARMLESS.includes(name);
}

export function asksForTheEnd({ name, isIgnored }: CaughtSignal): boolean {
  return isIgnored !== true && ENDING_SIGNALS.includes(name);
}

/** A signal ended the run before its outputs were written. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';

  constructor(
    readonly signal: string,
    message: string,
  ) {
    super(message);
  }
}

/**
 * The signals of a whole run, from before the build until the outputs are written. Dispose it to let go. Giving up is a
 * rejection and not an exit, so that whoever has reserved or opened something undoes it on the way out.
 */
export class Interrupts implements Disposable {
  /** SIGINTs so far. */
  count = 0;
  /** While cargo builds: as it would end by itself. A Ctrl-C on the terminal has reached cargo too, and its end is ours. */
  readonly endBeforeProgram = async (signal: CaughtSignal): Promise<void> => {
    if (!endsProcess(signal)) return;
    if (signal.name !== 'SIGINT' || (await this.cameToUsAlone(signal))) this.#giveUp(signal.name);
  };
  /** Once the program has ended, a signal that was meant for it must not cost the outputs, nor a Ctrl-C, pressed for them. */
  readonly endAfterProgram = (signal: CaughtSignal): void => {
    if (signal.name !== 'SIGINT' && asksForTheEnd(signal)) this.#giveUp(signal.name);
  };
  /** What to do about a signal; it changes as the run goes on. Not called for a second SIGINT. */
  onSignal: (signal: CaughtSignal) => void = this.endBeforeProgram;
  readonly #ignored = ignoredSignals();
  #witness: SignalWitness | undefined;
  #hearing: Disposable | undefined;
  #reject!: (reason: Interrupted) => void;
  readonly #givenUp = new Promise<never>((_, reject) => {
    this.#reject = reject;
  });

  constructor() {
    this.#givenUp.catch(() => {}); // nobody may be waiting
    process.removeAllListeners('SIGUSR1'); // the command's own, which ends it (bin/)
    for (const signal of HEARD_BY_NODE) process.on(signal, this.#listener);
  }

  /** From now on the other signals too. What keeps libbee from being loaded, the capture tells. */
  hearAll(): void {
    try {
      this.#hearing = listenForSignals(HEARD_NATIVELY, ({ number, value }) => {
        this.onSignal({ name: signalName(number), number, isQueued: number >= FIRST_REAL_TIME, value });
      });
    } catch {
      // then real-time signals have their usual effect
    }
  }

  /** From now on it is known whom a signal was sent to. */
  startWitness(): void {
    this.#witness = new SignalWitness();
  }

  /** Until there is a witness, a terminal is taken to have told cargo as well. */
  async cameToUsAlone(signal: WitnessedSignal): Promise<boolean> {
    return (await this.#witness?.cameToUsAlone(signal)) ?? !process.stdin.isTTY;
  }

  /** The result of `work`; rejects with Interrupted as soon as the run is given up. `work` then goes on alone. */
  async orThrow<T>(work: Promise<T>): Promise<T> {
    return await Promise.race([work, this.#givenUp]);
  }

  /** What comes now finds nothing to end: all is written, and the process about to exit. */
  [Symbol.dispose](): void {
    this.onSignal = () => {};
    this.#hearing?.[Symbol.dispose]();
    this.#witness?.close();
  }

  #giveUp(signal: string, why = `ended by ${signal}`): void {
    this.#reject(new Interrupted(signal, `${why}: the profile is incomplete`));
  }

  readonly #listener = (name: NodeJS.Signals, number: number): void => {
    const isIgnored = this.#ignored.includes(name); // Node has taken its default: without a listener it would end us
    if (name === 'SIGINT' && ++this.count > 1) this.#giveUp(name, 'interrupted twice');
    else this.onSignal({ name, number, isQueued: false, isIgnored });
  };
}
