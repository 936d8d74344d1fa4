import { constants } from 'node:os';
import { ignoredSignals } from '../../capture/gate/inherited-signals.js';
import { SignalWitness, type WitnessedSignal } from '../../capture/gate/signal-witness.js';
import { listenForSignals } from '../../ffi/native-signals.js';
import { FIRST_REAL_TIME, LAST_SIGNAL, signalName } from './signal-name.js';

/** Ctrl-C, a closed terminal, Ctrl-\, and what `kill` and service managers send. */
const ENDING_SIGNALS: readonly string[] = ['SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGTERM'];
/** Job-control signals are handled in job-control.ts, once a program runs. SIGCHLD only concerns our own children. */
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
/** Fault signals, only if sent by another process. */
const { SIGILL, SIGBUS, SIGFPE, SIGSEGV, SIGPIPE } = constants.signals;
const HEARD_NATIVELY: readonly number[] = [
  SIGILL,
  SIGBUS,
  SIGFPE,
  SIGSEGV,
  SIGPIPE,
  ...Array.from({ length: LAST_SIGNAL + 1 - FIRST_REAL_TIME }, (_, index) => FIRST_REAL_TIME + index),
];
/** No effect on a process that does not handle them; cargo, Node and every Rust program ignore SIGPIPE. */
const HARMLESS: readonly string[] = ['SIGWINCH', 'SIGURG', 'SIGCONT', 'SIGPIPE', 'SIGXFSZ'];

/** A signal to this process; `value` is what sigqueue attached. */
export interface CaughtSignal extends WitnessedSignal {
  value?: bigint | undefined;
  /** We were started with it ignored, so it does nothing to us; the target may handle it anyway. */
  isIgnored?: boolean;
}

/** Whether the kernel's default action would end the process. */
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
 * The signals of a whole run, from before the build until the outputs are written. Dispose it to stop listening. Giving up
 * rejects instead of exiting, so that reserved and opened resources are released on the way out.
 */
export class Interrupts implements Disposable {
  /** Number of SIGINTs so far. */
  count = 0;
  /** While cargo builds: ends as cargo would. A Ctrl-C on the terminal reaches cargo too, and we end when cargo does. */
  readonly endBeforeProgram = async (signal: CaughtSignal): Promise<void> => {
    if (!endsProcess(signal)) return;
    if (signal.name !== 'SIGINT' || (await this.cameToUsAlone(signal))) this.#giveUp(signal.name);
  };
  /** After the program ended, signals meant for it, including a Ctrl-C, must not cost the outputs. */
  readonly endAfterProgram = (signal: CaughtSignal): void => {
    if (signal.name !== 'SIGINT' && asksForTheEnd(signal)) this.#giveUp(signal.name);
  };
  /** The current reaction to a signal; changes during the run. Not called for a second SIGINT. */
  onSignal: (signal: CaughtSignal) => void = this.endBeforeProgram;
  readonly #ignored = ignoredSignals();
  #witness: SignalWitness | undefined;
  #hearing: Disposable | undefined;
  #reject!: (reason: Interrupted) => void;
  readonly #givenUp = new Promise<never>((_, reject) => {
    this.#reject = reject;
  });

  constructor() {
    this.#givenUp.catch(() => {}); // possibly nobody awaits it
    process.removeAllListeners('SIGUSR1'); // the handler of the command itself (bin/), which exits
    for (const signal of HEARD_BY_NODE) process.on(signal, this.#listener);
  }

  /** Handles the remaining signals from now on. If libbee cannot be loaded, the capture reports why. */
  hearAll(): void {
    try {
      this.#hearing = listenForSignals(HEARD_NATIVELY, ({ number, value }) => {
        this.onSignal({ name: signalName(number), number, isQueued: number >= FIRST_REAL_TIME, value });
      });
    } catch {
      // real-time signals keep their default effect
    }
  }

  /** From now on, records whom a signal was sent to. */
  startWitness(): void {
    this.#witness = new SignalWitness();
  }

  /** Without a witness, assumes that a terminal sent the signal to cargo as well. */
  async cameToUsAlone(signal: WitnessedSignal): Promise<boolean> {
    return (await this.#witness?.cameToUsAlone(signal)) ?? !process.stdin.isTTY;
  }

  /** The result of `work`; rejects with Interrupted as soon as the run is given up, while `work` continues unattended. */
  async orThrow<T>(work: Promise<T>): Promise<T> {
    return await Promise.race([work, this.#givenUp]);
  }

  /** From here on signals have nothing left to end: all outputs are written and the process is about to exit. */
  [Symbol.dispose](): void {
    this.onSignal = () => {};
    this.#hearing?.[Symbol.dispose]();
    this.#witness?.close();
  }

  #giveUp(signal: string, why = `ended by ${signal}`): void {
    this.#reject(new Interrupted(signal, `${why}: the profile is incomplete`));
  }

  readonly #listener = (name: NodeJS.Signals, number: number): void => {
    const isIgnored = this.#ignored.includes(name); // Node has reset it to the default: without a listener it would end us
    if (name === 'SIGINT' && ++this.count > 1) this.#giveUp(name, 'interrupted twice');
    else this.onSignal({ name, number, isQueued: false, isIgnored });
  };
}
