import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { SamplerConnection } from '../../ffi/sampler-connection.js';
import {
  type AddRequest,
  type CapturePlan,
  decodeSamplerEvent,
  encodeAdd,
  encodeStart,
  encodeTick,
  MESSAGE,
  type SamplerEvent,
  type SamplerProblem,
} from '../../ffi/sampler-messages.js';
import { CaptureError, type ProcessEnding } from '../capture-error.js';
import type { CaptureTotals } from '../raw-profile.js';
import { diagnoseEnd, diagnoseStart } from '../rights/diagnose.js';
import type { Elevation } from '../rights/elevation.js';

const CONNECT_TIMEOUT_MS = 30_000;
/** sudo gives up earlier if nobody types a password. */
const ANSWER_TIMEOUT_MS = 600_000;
/** Upper limit of one wait; an event ends it immediately. */
const WAIT_MS = 1000;
/** How long to wait for the sampler's exit after its connection breaks. */
const ENDING_MS = 200;

export interface SamplerListeners {
  onExit(pid: number, waitStatus: number, timeNs: bigint): void;
  onProblem(problem: SamplerProblem): void;
}

/** The process bee-sampler and the conversation with it. Every promise rejects with CaptureError. */
export class Sampler {
  readonly #requests = new Map<number, (event: SamplerEvent) => void>();
  #nextRequest = 1;
  #nextTick = 1;
  readonly #ticks = new Map<number, () => void>();
  #totals: CaptureTotals | undefined;
  #rejectAll!: (error: CaptureError) => void;
  /** Rejects if the sampler ends before it is asked to; never resolves. */
  readonly failed = new Promise<never>((_, reject) => {
    this.#rejectAll = reject;
  });

  readonly #ended: Promise<ProcessEnding>;
  #hasConnected = false;
  #listeners!: SamplerListeners;

  private constructor(
    readonly session: SamplerConnection,
    private readonly child: ChildProcess,
    private readonly elevation: Elevation,
  ) {
    this.#ended = new Promise((resolve) => {
      child.once('error', (error) => resolve({ kind: 'failed', error }));
      child.once('exit', (code, signal) =>
        resolve(signal === null ? { kind: 'exited', status: code } : { kind: 'killed', signal }),
      );
    });
    this.failed.catch(() => {}); // without a waiter its rejection must not end the process
  }

  /** Starts the process, which then waits for its plan. */
  static async launch(elevation: Elevation, socketPath: string): Promise<Sampler> {
    const session = SamplerConnection.listen(socketPath);
    const [file, ...args] = elevation.command;
    const child = spawn(file!, [...args, socketPath], { stdio: ['ignore', 'ignore', 'inherit'] });
    const giveUp = () => session.cancel();
    const onExit = (code: number | null) => code !== 0 && giveUp(); // 0: sudo has left, but its command runs
    child.once('error', giveUp);
    child.once('exit', onExit);
    const sampler = new Sampler(session, child, elevation);
    try {
      await session.accept(elevation.asks ? ANSWER_TIMEOUT_MS : CONNECT_TIMEOUT_MS);
      sampler.#hasConnected = true;
      child.off('exit', onExit); // from here on the socket reports the end
      return sampler;
    } catch (error) {
      throw await sampler.#closeAfter(error);
    }
  }

  /** Resolves when the BPF programs are attached. */
  async begin(plan: CapturePlan, listeners: SamplerListeners): Promise<void> {
    this.#listeners = listeners;
    try {
      this.session.send(MESSAGE.start, encodeStart(plan));
      await this.#untilStarted(plan);
    } catch (error) {
      throw await this.#closeAfter(error);
    }
    void this.#pump();
  }

  /**
   * Observes a process and its future children. Resolves with the number of the request, which is the `root` of their
   * samples unless `ancestor` is given.
   */
  async add(pid: number, options: Omit<AddRequest, 'requestId' | 'pid'>): Promise<number> {
    const event = await this.#request((requestId) =>
      this.session.send(MESSAGE.target, encodeAdd({ requestId, pid, ...options })),
    );
    if (event.kind !== 'added') throw notObserving(pid, `answered with ${event.kind}`);
    if (event.errno !== 0) throw addError(pid, event);
    return event.requestId;
  }

  /** Resolves with the totals when everything that was sampled before has arrived. */
  async tick(): Promise<CaptureTotals> {
    const number = this.#nextTick++;
    const ticked = new Promise<void>((resolve) => this.#ticks.set(number, resolve));
    this.session.send(MESSAGE.tick, encodeTick(number));
    await Promise.race([ticked, this.failed]);
    return this.#totals!; // come before TICKED
  }

  /** Ends sampling; resolves with the totals when the last sample has arrived. */
  async stop(): Promise<CaptureTotals> {
    const done = new Promise<void>((resolve) => this.#requests.set(0, () => resolve()));
    this.session.send(MESSAGE.stop);
    await Promise.race([done, this.failed]);
    return this.#totals!; // come before DONE
  }

  /** At most a second old; undefined before the first. */
  get latestTotals(): CaptureTotals | undefined {
    return this.#totals;
  }

  close(): void {
    this.session.close();
    this.child.removeAllListeners();
    this.child.unref();
  }

  async #closeAfter(error: unknown): Promise<CaptureError> {
    const described = await this.#describeLoss(error);
    this.close();
    return described;
  }

  async #request(send: (requestId: number) => void): Promise<SamplerEvent> {
    const requestId = this.#nextRequest++;
    const answer = new Promise<SamplerEvent>((resolve) => this.#requests.set(requestId, resolve));
    send(requestId);
    return await Promise.race([answer, this.failed]);
  }

  async #untilStarted(plan: CapturePlan): Promise<void> {
    for (;;) {
      const event = await this.#next();
      if (event?.kind === 'started') return;
      if (event?.kind === 'failed') throw diagnoseStart(event.failure, plan);
    }
  }

  async #next(): Promise<SamplerEvent | null> {
    const event = await this.session.wait(WAIT_MS);
    return event && decodeSamplerEvent(event.type, event.payload);
  }

  async #pump(): Promise<void> {
    try {
      for (;;) {
        const event = await this.#next();
        if (event && this.#dispatch(event)) return;
      }
    } catch (error) {
      this.#rejectAll(await this.#describeLoss(error));
    }
  }

  /** Prefers how the process ended, which says more than a broken connection. */
  async #describeLoss(error: unknown): Promise<CaptureError> {
    if (error instanceof CaptureError) return error;
    if (this.elevation.kind === 'sudo' && this.#hasConnected) return asCaptureError(error); // only sudo is our child
    const ending = await Promise.race([this.#ended, sleep(ENDING_MS, undefined)]);
    if (ending === undefined) return asCaptureError(error);
    if (this.elevation.asks && !this.#hasConnected)
      return new CaptureError({ code: 'not-privileged', why: 'sudo-failed', ending });
    return new CaptureError({ code: 'sampler', why: 'ended', ending });
  }

  /** Returns whether the conversation is over. */
  #dispatch(event: SamplerEvent): boolean {
    switch (event.kind) {
      case 'added':
        this.#answer(event.requestId, event);
        return false;
      case 'exit':
        this.#listeners.onExit(event.pid, event.waitStatus, event.timeNs);
        return false;
      case 'problem':
        this.#listeners.onProblem(event.problem);
        return false;
      case 'totals':
        this.#totals = event.totals;
        return false;
      case 'ticked':
        this.#ticks.get(event.number)?.();
        this.#ticks.delete(event.number);
        return false;
      case 'done':
        this.#answer(0, event);
        return true;
      case 'failed':
        this.#rejectAll(diagnoseEnd(event.failure));
        return true;
      default:
        return false;
    }
  }

  #answer(requestId: number, event: SamplerEvent): void {
    this.#requests.get(requestId)?.(event);
    this.#requests.delete(requestId);
  }
}

function asCaptureError(error: unknown): CaptureError {
  if (error instanceof CaptureError) return error;
  const cause = error instanceof Error ? error : new Error(String(error));
  return new CaptureError({ code: 'sampler', why: 'unreachable' }, cause);
}

function addError(pid: number, { errno, detail }: { errno: number; detail: string }): CaptureError {
  const { ESRCH, EINVAL, EPERM } = constants.errno;
  if (errno === ESRCH || errno === EINVAL)
    return new CaptureError({ code: 'no-such-process', pid, why: 'absent', insiders: [] }, errno);
  if (errno === EPERM) return new CaptureError({ code: 'not-permitted', pid }, errno);
  return notObserving(pid, detail, errno);
}

function notObserving(pid: number, detail: string, errno?: number): CaptureError {
  return new CaptureError({ code: 'sampler', why: 'not-observing', pid, detail }, errno);
}
