import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { findNativeFile } from '../../ffi/native-files.js';

/** How long a signal to a process group may take to reach all of its processes. */
const GROUP_MS = 50;
const COUNT_BYTES = 4;

/** Signals that a terminal sends to its whole foreground group. */
const OF_TERMINALS: readonly NodeJS.Signals[] = [
  'SIGHUP',
  'SIGINT',
  'SIGQUIT',
  'SIGTSTP',
  'SIGTTIN',
  'SIGTTOU',
  'SIGCONT',
  'SIGWINCH',
];

/** `isQueued`: every instance is delivered; the kernel may merge instances of the other signals. */
export interface WitnessedSignal {
  name: string;
  number: number;
  isQueued: boolean;
}

/**
 * Tells whether a signal came to this process alone and must be passed on. Ctrl-C, a hangup of the terminal and `kill`
 * of the process group reach the program directly; passing them on would deliver them twice. Another process in the
 * group (native/gate/src/witness.rs) counts the signals that the group receives.
 */
export class SignalWitness {
  readonly #child: ChildProcess;
  readonly #accounted = new Map<number, { count: number; atMs: number }>();
  #answers: ((count: number | undefined) => void)[] = [];
  #received = Buffer.alloc(0);
  #isLost = false;

  constructor() {
    this.#child = spawn(findNativeFile('bee-gate'), ['--witness'], { stdio: ['pipe', 'pipe', 'ignore'] });
    const lose = () => this.#lose();
    this.#child.on('error', lose);
    this.#child.stdin!.on('error', lose);
    this.#child.stdout!.on('data', (chunk: Buffer) => this.#receive(chunk)).on('close', lose);
    this.#child.unref();
  }

  /** Answers come in the order of the calls. */
  async cameToUsAlone({ name, number, isQueued }: WitnessedSignal): Promise<boolean> {
    const arrivedMs = performance.now();
    await sleep(GROUP_MS);
    const count = await this.#countOf(number);
    if (count === undefined) return !process.stdin.isTTY || !(OF_TERMINALS as string[]).includes(name);
    const accounted = this.#accounted.get(number) ?? { count: 0, atMs: Number.NEGATIVE_INFINITY };
    if (count > accounted.count) {
      this.#accounted.set(number, {
        count: isQueued ? accounted.count + 1 : count,
        atMs: performance.now(),
      });
      return false;
    }
    // The witness may have merged two of our signals into one; that one already accounts for both.
    return isQueued || accounted.atMs < arrivedMs;
  }

  close(): void {
    this.#lose();
    this.#child.stdin!.destroy();
    this.#child.stdout!.destroy();
  }

  async #countOf(number: number): Promise<number | undefined> {
    if (this.#isLost) return undefined;
    const answer = new Promise<number | undefined>((resolve) => this.#answers.push(resolve));
    this.#child.stdin!.write(Uint8Array.of(number));
    return await answer;
  }

  #receive(chunk: Buffer): void {
    this.#received = Buffer.concat([this.#received, chunk]);
    while (this.#received.length >= COUNT_BYTES) {
      this.#answers.shift()?.(this.#received.readUInt32LE(0));
      this.#received = this.#received.subarray(COUNT_BYTES);
    }
  }

  #lose(): void {
    this.#isLost = true;
    for (const answer of this.#answers) answer(undefined);
    this.#answers = [];
  }
}
