import { checkCanCapture } from '../../capture/rights/preflight.js';
import { openRun as openCapture, type Run } from '../../run/run.js';
import { saveSymbolCache } from '../../run/symbol-cache/symbol-cache.js';
import type { Launched, PreparedTarget } from '../../run/targets/prepared-target.js';
import { toTarget } from './library-target.js';
import type { ProfileSnapshot } from './profile-snapshot.js';
import type { ProfiledRun, Since, SnapshotOptions } from './profiled-run.js';
import type { RunOptions } from './run-options.js';
import { require, toPlan } from './to-plan.js';
import { toSnapshot } from './to-snapshot.js';
import { fault, withCodes } from './with-codes.js';

/**
 * Prepares a run: its sampler is ready, and nothing is sampled before `start`. Needs the rights that `profile-bee doctor`
 * tells of. Rejects with RunError.
 */
export async function openRun(options: RunOptions): Promise<ProfiledRun> {
  return await withCodes(async () => {
    const plan = toPlan(options);
    const target = toTarget(options);
    checkCanCapture();
    return new LibraryRun(await openCapture(plan), target);
  });
}

class LibraryRun implements ProfiledRun {
  readonly #run: Run;
  readonly #target: PreparedTarget;
  #launched: Launched | undefined;
  #since: Since | undefined;
  #last: ProfileSnapshot | undefined;
  #failure: unknown;
  #isClosed = false;
  /** Snapshots are taken one after the other. */
  #queue: Promise<unknown> = Promise.resolve();

  constructor(run: Run, target: PreparedTarget) {
    this.#run = run;
    this.#target = target;
  }

  async start(): Promise<void> {
    await withCodes(async () => {
      if (this.#launched !== undefined) throw fault('started-already', 'the run was started before');
      this.#launched = await this.#run.launch(this.#target);
      this.#stopAtEnd(this.#launched);
    });
  }

  get pid(): number | undefined {
    return this.#launched?.pid;
  }

  async snapshot({ since }: Pick<SnapshotOptions, 'since'> = {}): Promise<ProfileSnapshot> {
    this.#cover(since);
    return await this.#next();
  }

  async *snapshots({ everyMs, since }: SnapshotOptions = {}): AsyncGenerator<ProfileSnapshot, void> {
    require(everyMs === undefined || everyMs > 0, 'everyMs is a number of milliseconds, above 0');
    this.#cover(since);
    if (this.#launched === undefined) await this.start();
    const dues = this.#run.dues({ everyMs });
    for (;;) {
      await withCodes(() => dues.next());
      const snapshot = await this.#next();
      yield snapshot;
      if (snapshot.isLast) return;
    }
  }

  async stop(): Promise<ProfileSnapshot> {
    if (this.#launched !== undefined && !this.#isClosed) await withCodes(() => this.#run.stop());
    return await this.#next();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#run[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** The same for all snapshots of a run. */
  #cover(since: Since | undefined): void {
    if (this.#since !== undefined && since !== undefined && since !== this.#since)
      throw fault(
        'invalid-options',
        'all snapshots of a run cover the same: since its start, or since the last',
      );
    this.#since ??= since ?? 'start';
    this.#run.cover(this.#since);
  }

  #stopAtEnd({ ended }: Launched): void {
    const ending = ended.then(() => this.#run.session.allEnded());
    ending.catch((error) => {
      this.#failure = error;
    });
    ending.finally(() => this.#run.stop()).catch(() => {}); // whoever asks next is told
  }

  async #next(): Promise<ProfileSnapshot> {
    const next = this.#queue.then(() => withCodes(() => this.#take()));
    this.#queue = next.catch(() => {});
    return await next;
  }

  async #take(): Promise<ProfileSnapshot> {
    if (this.#last !== undefined) return this.#last;
    if (this.#isClosed) throw fault('closed', 'the run is closed');
    if (this.#launched === undefined) throw fault('not-started', 'the run is not started');
    if (this.#failure !== undefined) throw this.#failure;
    const { session } = this.#run;
    const snapshot = toSnapshot(await this.#run.symbolize(await this.#run.tick()), session.problems);
    if (snapshot.isLast) {
      this.#last = snapshot;
      await saveSymbolCache(session.native); // what cannot be saved costs the next run some time
    }
    return snapshot;
  }
}
