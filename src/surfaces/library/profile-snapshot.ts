import type { FunctionRow } from '../../profile/functions.js';
import type { Profile } from '../../profile/profile.js';

/** What was counted in the time that a snapshot covers. Times in nanoseconds. */
export interface SnapshotTotals {
  /** Delivered: the sum over the profile. */
  samples: number;
  /** `samples`, the lost ones, and what cannot be accounted for, which is 0. */
  fired: number;
  /** By cause. */
  lost: Readonly<Record<string, number>>;
  unaccounted: number;
  /** Of the user stacks: complete down to the start of their thread. */
  completePercent: number;
  /** Of the user frames. */
  symbolizedPercent: number;
  /** CPU time of the profiled processes, and what profiling cost. */
  targetCpuNs: number;
  bpfRunNs: number;
  samplerCpuNs: number;
}

/** The profile of a run, or of a part of it. */
export interface ProfileSnapshot {
  /** From 1. */
  readonly number: number;
  readonly isLast: boolean;
  readonly from: Date;
  readonly to: Date;
  readonly totals: SnapshotTotals;
  readonly profile: Profile;
  /** Codes of what makes the profile poor or was left out, as docs/errors.md explains them. */
  readonly problems: readonly string[];
  /** All functions, those with most samples of their own first. */
  functions(): readonly FunctionRow[];
  /** Folded stacks, as `--collapse` writes them. */
  folded(): string;
}
