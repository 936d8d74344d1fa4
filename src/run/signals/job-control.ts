import { constants } from 'node:os';
import { readProcFile } from '../../capture/gate/process-above-node.js';
import type { Launched } from '../targets/prepared-target.js';
import type { CaughtSignal } from './interrupts.js';

const STOPPING = ['SIGTSTP', 'SIGTTIN', 'SIGTTOU'] as const;

/**
 * Ctrl-Z, `fg` and `bg`. The shell watches us, not the program, so we stop only after the program has stopped: it may have
 * to restore the screen first, or refuse to stop. Signals sent only to us are passed on first.
 */
export class JobControl implements Disposable {
  #asked: NodeJS.Signals | undefined;

  constructor(
    private readonly launched: Launched,
    private readonly passOn: (signal: CaughtSignal) => Promise<void>,
  ) {
    for (const signal of STOPPING) process.on(signal, this.#onStop);
    process.on('SIGCONT', this.#onContinue);
    process.on('SIGCHLD', this.#stopWithProgram); // also sent when a child stops
  }

  [Symbol.dispose](): void {
    for (const signal of STOPPING) process.off(signal, this.#onStop);
    process.off('SIGCONT', this.#onContinue);
    process.off('SIGCHLD', this.#stopWithProgram);
  }

  readonly #onStop = async (name: NodeJS.Signals, number: number): Promise<void> => {
    this.#asked = name;
    await this.passOn({ name, number, isQueued: false });
    this.#stopWithProgram();
  };

  readonly #onContinue = (): void => {
    this.#asked = undefined;
    void this.passOn({ name: 'SIGCONT', number: constants.signals.SIGCONT, isQueued: false });
  };

  readonly #stopWithProgram = (): void => {
    const signal = this.#asked;
    const { pid } = this.launched;
    if (signal === undefined || pid === undefined || !isStopped(pid)) return;
    this.#asked = undefined;
    process.off(signal, this.#onStop);
    process.kill(process.pid, signal);
    process.on(signal, this.#onStop);
  };
}

function isStopped(pid: number): boolean {
  return /^State:\s*T/m.test(readProcFile(pid, 'status'));
}
