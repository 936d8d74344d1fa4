import type { StdioOptions } from 'node:child_process';
import type { ProfileSelection } from '../../cargo/build/derived-profile.js';

/** What cargo would run; `cargo` and `program` as typed. */
export interface CargoTargetRequest {
  kind: 'cargo';
  cargo: readonly string[];
  program: readonly string[] | undefined;
  /** The cargo profile chosen by our flags; undefined: release (bench for benches). */
  profile: ProfileSelection | undefined;
  /** Passed to criterion's benches as `--profile-time`. */
  profileTimeSeconds: number | undefined;
  /** The command and our flags as typed, for corrected lines. */
  typedBefore: readonly string[];
}

/** Running processes, without duplicates. */
export interface PidRequest {
  kind: 'pid';
  pids: readonly number[];
  withChildren: boolean;
}

/** A program to start. Undefined: this process's folder, environment and streams. */
export interface CommandRequest {
  kind: 'command';
  argv: readonly string[];
  cwd?: string | undefined;
  env?: NodeJS.ProcessEnv | undefined;
  stdio?: StdioOptions | undefined;
}

export type ProgramRequest = CommandRequest | PidRequest;
export type TargetRequest = CargoTargetRequest | ProgramRequest;
