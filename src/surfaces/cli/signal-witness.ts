import { setTimeout as sleep } from 'node:timers/promises';
import type { CaptureSession } from '../../capture/session.js';

/** How long a Ctrl-C may take to reach the sampler, which is in our process group. */
const WITNESS_MS = 50;

/**
 * Whether a signal came to this process alone and is to be passed on. A Ctrl-C on the terminal, its end, and `kill` of
 * the process group have reached the program already: passed on as well, it would get them twice.
 */
export class SignalWitness {
  readonly #seen = new Map<NodeJS.Signals, number>();

  constructor(private readonly session: CaptureSession) {}

  async cameToUsAlone(signal: NodeJS.Signals): Promise<boolean> {
    await sleep(WITNESS_MS);
    try {
      const count = await this.session.signalsSeen(signal);
      const before = this.#seen.get(signal) ?? 0;
      this.#seen.set(signal, count);
      return count === before;
    } catch {
      return signal === 'SIGTERM' || !process.stdin.isTTY; // the witness is lost; no terminal sends a SIGTERM
    }
  }
}
