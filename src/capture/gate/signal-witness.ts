import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { findNativeFile } from '../../ffi/native-files.js';

/** How long a signal to a process group may take from one process of it to the next. */
const GROUP_MS = 50;
const COUNT_BYTES = 4;

/** What a terminal sends by itself, to the whole group that has it. */
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

/** A signal as one is told apart here; `isQueued`: each of them comes, while of the others several become one. */
export interface WitnessedSignal {
  name: string;
  number: number;
  isQueued: boolean;
}

/**
 * Whether a signal came to this process alone and is to be passed on. A Ctrl-C on the terminal, its end, and `kill` of
 * the process group have reached the program already: passed on as well, it would get them twice. A process of ours that
 * stays in the group (native/gate/src/witness.rs) knows.
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

  /** Calls in a row are answered in that order. */
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
    // Two of ours can be one of the witness's: the second has been accounted for with the first.
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
