export type CaptureErrorCode =
  | 'not-privileged'
  | 'pid-namespace'
  | 'user-namespace'
  | 'seccomp'
  | 'security-module'
  | 'perf-event-paranoid'
  | 'locked-memory'
  | 'no-btf'
  | 'no-ring-buffer'
  | 'no-bpf-loop'
  | 'lockdown'
  | 'no-native'
  | 'no-directory'
  | 'kernel'
  | 'event-unsupported'
  | 'no-such-process'
  | 'thirty-two-bit'
  | 'not-permitted'
  | 'over-bound'
  | 'setup'
  | 'sampler';

/**
 * Why nothing was, or could be, captured. `attempted` reads as in "cannot ATTEMPTED", `cause` is one sentence,
 * `advice` what to type next (may be empty). The surface decides how it looks and which exit code it means.
 */
export class CaptureError extends Error {
  override readonly name = 'CaptureError';

  constructor(
    readonly code: CaptureErrorCode,
    readonly attempted: string,
    override readonly cause: string,
    readonly advice = '',
  ) {
    super(`cannot ${attempted}: ${cause}`);
  }
}
