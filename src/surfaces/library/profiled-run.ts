import type { ProfileSnapshot } from './profile-snapshot.js';

/** What a snapshot covers. `start`: the run so far. `last`: what came after the snapshot before, and memory stays flat. */
export type Since = 'start' | 'last';

/** When `snapshots` hands one out, and what it covers. */
export interface SnapshotOptions {
  /** Milliseconds from one to the next. Undefined: one, when the run has ended. */
  everyMs?: number;
  /** The same for all snapshots of a run. Default: `start`. */
  since?: Since;
}

/**
 * A command or running processes under the profiler. Any number of runs can be open at a time; each has a sampler of its
 * own. Every promise rejects with RunError; leaving an `await using` block, or `close`, ends the profiling and leaves
 * nothing behind. A command goes on without the profiler.
 */
export interface ProfiledRun extends AsyncDisposable {
  /** Of the started command. */
  readonly pid: number | undefined;
  /** Starts the command, or the sampling of the processes; once. The run stops when they have ended. */
  start(): Promise<void>;
  /** The profile at this moment. */
  snapshot(options?: Pick<SnapshotOptions, 'since'>): Promise<ProfileSnapshot>;
  /** A snapshot at every due moment, and the last one when the run has ended. Starts the run if nobody has. */
  snapshots(options?: SnapshotOptions): AsyncGenerator<ProfileSnapshot, void>;
  /** Ends sampling; the last snapshot. */
  stop(): Promise<ProfileSnapshot>;
  close(): Promise<void>;
}
