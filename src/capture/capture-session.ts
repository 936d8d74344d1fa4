import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { findNativeFile } from '../ffi/native-files.js';
import type { SamplerConnection } from '../ffi/sampler-connection.js';
import type { CapturePlan } from '../ffi/sampler-messages.js';
import { CaptureError } from './capture-error.js';
import type { CaptureProblem } from './capture-problem.js';
import { deferred } from './deferred.js';
import { type Additions, Gate, type GateAnswer, type GateMessage } from './gate/gate.js';
import { inheritedFileLimit } from './gate/inherited-limit.js';
import { ignoredSignals } from './gate/inherited-signals.js';
import { checkProcess, type ProcessFacts, readProcessFacts } from './machine/process-facts.js';
import { descendantsOf, type ProcessRow, readProcessTable } from './machine/process-table.js';
import type { CaptureTotals, RawBatch } from './raw-profile.js';
import type { Elevation } from './rights/elevation.js';
import { checkCanCapture } from './rights/preflight.js';
import { type LaunchedSampler, launchSampler } from './sampler/launched-sampler.js';
import type { Sampler } from './sampler/sampler.js';
import { takeSamplerAhead } from './sampler/sampler-ahead.js';
import type { SocketDirectory } from './sampler/socket-directory.js';

/** How a process ended. Exit code and signal are both null if the kernel did not say. `timeNs` is CLOCK_MONOTONIC. */
export interface ProcessEnd {
  exitCode: number | null;
  signal: number | null;
  timeNs: bigint;
}

/** A process that came through the gate or was added by pid; the latter has no `libraries`. */
export interface ObservedProcess extends ProcessFacts {
  pid: number;
  /** The number that its samples and those of its descendants carry; unlike a pid it is never reused. */
  root: number;
  libraries: string[];
  end?: ProcessEnd;
}

/** Starts a sampler with the plan; nothing is sampled yet. Throws CaptureError. */
export async function openSession(plan: CapturePlan): Promise<CaptureSession> {
  const ahead = takeSamplerAhead();
  if (ahead === undefined) checkCanCapture();
  return await CaptureSession.open(plan, ahead ?? (await launchSampler()));
}

/** What happens to a program at the gate: it runs observed, runs unobserved (`pass`), or does not run. */
export type Admission = ({ kind: 'observe' } & Additions) | { kind: 'pass' } | { kind: 'skip' };

/** Decides on one program while it waits; must not reject. */
export type Admit = (message: GateMessage) => Promise<Admission>;

/**
 * One capture: `gateCommand` and `addPid` add processes, `allEnded` waits for them; `tick` and `stop` count, `take`
 * returns the samples.
 * Methods throw or reject with CaptureError.
 */
export class CaptureSession {
  readonly #sampler: Sampler;
  readonly #directory: SocketDirectory;
  readonly #processes: ObservedProcess[] = [];
  readonly #problems: CaptureProblem[] = [];
  readonly #endWaiters = new Set<() => void>();
  readonly #begun = deferred<void>();
  #arriving = 0;
  #admit: Admit = async () => ({ kind: 'observe' });
  #gate!: Gate;
  #gatePath!: string;

  /** How the sampler got its rights. */
  readonly elevation: Elevation['kind'];

  private constructor({ sampler, directory, elevation }: LaunchedSampler) {
    this.#sampler = sampler;
    this.#directory = directory;
    this.elevation = elevation;
  }

  static async open(plan: CapturePlan, launched: LaunchedSampler): Promise<CaptureSession> {
    const session = new CaptureSession(launched);
    try {
      await session.#start(plan);
    } catch (error) {
      await session.close();
      throw error;
    }
    return session;
  }

  /** A prefix that makes a command wait until its unwind tables are loaded. No word of it contains a space. */
  get gateCommand(): readonly string[] {
    return [this.#gatePath, this.#gate.socketPath];
  }

  /** Lets `admit` decide on programs that reach the gate from now on. Until then all are observed. */
  admitBy(admit: Admit): void {
    this.#admit = admit;
  }

  get processes(): readonly ObservedProcess[] {
    return this.#processes;
  }

  get problems(): readonly CaptureProblem[] {
    return this.#problems;
  }

  /** For the symbolizer: holds the descriptors of the mapped files. Valid until `close`. */
  get native(): SamplerConnection {
    return this.#sampler.session;
  }

  /** Rejects as soon as the sampler is lost; never resolves. */
  get failed(): Promise<never> {
    return this.#sampler.failed;
  }

  /** Adds a running process; `isAlone`: without the children that it will start. */
  async addPid(pid: number, { isAlone = false } = {}): Promise<void> {
    checkProcess(pid);
    const facts = readProcessFacts(pid);
    const root = await this.#sampler.add(pid, { isAlone, paths: [] });
    this.#noteProcess({ pid, root, ...facts, libraries: [] });
  }

  /**
   * Adds the living descendants of the processes that were added by pid, under the root of the nearest one. Repeats
   * until no new one appears, because descendants may start others meanwhile.
   */
  async addDescendants(): Promise<void> {
    const seen = new Set(this.#processes.map(({ pid }) => pid));
    for (let isNew = true; isNew; ) {
      isNew = false;
      const table = readProcessTable();
      for (const { pid, root } of [...this.#processes].reverse()) {
        for (const child of descendantsOf(table, pid).filter((child) => !seen.has(child.pid))) {
          isNew = true;
          seen.add(child.pid);
          await this.#addDescendant(child, root);
        }
      }
    }
  }

  /** Resolves when every known process has ended and none waits at the gate; at once if there is none. */
  async allEnded(): Promise<void> {
    while (this.#isAnyRunning()) {
      const change = new Promise<void>((resolve) => this.#endWaiters.add(resolve));
      await Promise.race([change, this.#sampler.failed]);
    }
  }

  /** Resolves when the first process is observed. */
  get begun(): Promise<void> {
    return this.#begun.promise;
  }

  /** What was counted up to this moment; `take` then has exactly that. */
  async tick(): Promise<CaptureTotals> {
    return await this.#sampler.tick();
  }

  /** Ends sampling; `take` then has all the rest. */
  async stop(): Promise<CaptureTotals> {
    return await this.#sampler.stop();
  }

  /** What whole ticks have brought since the last take; SamplerConnection.take says what `forget` means. */
  take(options: { forget: boolean }): RawBatch {
    return this.#sampler.session.take(options);
  }

  /** At most a second old; undefined before the first. For a sampler that is lost. */
  get latestTotals(): CaptureTotals | undefined {
    return this.#sampler.latestTotals;
  }

  async close(): Promise<void> {
    this.#gate?.close();
    this.#sampler.close();
    this.#directory.remove();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #start(plan: CapturePlan): Promise<void> {
    await this.#sampler.begin(plan, {
      onExit: (pid, waitStatus, timeNs) => this.#noteEnd(pid, waitStatus, timeNs),
      onProblem: (problem) => this.#problems.push(problem),
    });
    this.#gatePath = await withoutSpaces(findNativeFile('bee-gate'), join(this.#directory.path, 'bee-gate'));
    this.#gate = await Gate.listen(join(this.#directory.path, 'gate'), (message) => this.#arrive(message), {
      fileLimit: inheritedFileLimit(),
      ignoredSignals: ignoredSignals(),
    });
  }

  async #arrive(message: GateMessage): Promise<GateAnswer> {
    this.#arriving++;
    try {
      const admission = await this.#admit(message);
      if (admission.kind === 'skip') return { kind: 'skip' };
      if (admission.kind === 'pass') return { kind: 'run' };
      await this.#observe({ ...message, argv: [...message.argv, ...(admission.moreArguments ?? [])] });
      return { ...admission, kind: 'run' };
    } finally {
      this.#arriving--;
      this.#wakeWaiters();
    }
  }

  async #observe(message: GateMessage): Promise<void> {
    try {
      const paths = [message.executable, ...message.libraries];
      const root = await this.#sampler.add(message.pid, { isHeld: true, paths });
      this.#noteProcess({ ...message, root, uid: readProcessFacts(message.pid).uid });
    } catch (error) {
      this.#problems.push({ code: 'not-observed', path: message.executable, error });
    }
  }

  async #addDescendant(child: ProcessRow, ancestor: number): Promise<void> {
    try {
      await this.#sampler.add(child.pid, { ancestor, paths: [] });
    } catch (error) {
      if (!(error instanceof CaptureError)) throw error;
      if (error.code === 'no-such-process') return; // it has ended
      if (error.code !== 'not-permitted') throw error;
      this.#problems.push({ code: 'left-out', pid: child.pid, name: child.name });
    }
  }

  #noteProcess(process: ObservedProcess): void {
    this.#processes.push(process);
    this.#begun.resolve();
  }

  #noteEnd(pid: number, waitStatus: number, timeNs: bigint): void {
    const process = this.#processes.find((candidate) => candidate.pid === pid && candidate.end === undefined);
    if (process) process.end = { ...decodeWaitStatus(waitStatus), timeNs };
    this.#wakeWaiters();
  }

  #isAnyRunning(): boolean {
    return this.#arriving > 0 || this.#processes.some((process) => process.end === undefined);
  }

  #wakeWaiters(): void {
    for (const wake of this.#endWaiters) wake();
    this.#endWaiters.clear();
  }
}

/**
 * Links to a file whose path has spaces, because cargo splits a runner given as a string (the user's may be) at spaces.
 */
async function withoutSpaces(file: string, link: string): Promise<string> {
  if (!/\s/.test(file)) return file;
  await symlink(file, link);
  return link;
}

/** Takes a status as encoded by wait4; -1: unknown. */
function decodeWaitStatus(status: number): { exitCode: number | null; signal: number | null } {
  if (status < 0) return { exitCode: null, signal: null };
  const signal = status & 0x7f;
  return signal === 0 ? { exitCode: (status >> 8) & 0xff, signal: null } : { exitCode: null, signal };
}
