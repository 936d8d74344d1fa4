import type { ExitStatus } from '../../../../account/summary.js';
import type { CaptureError, CaptureErrorCode } from '../../../../capture/capture-error.js';

/** The exit codes of ours; `command-page.ts` says what each means. */
export const USAGE = { code: 2, source: 'usage', signal: null } as const;
export const PRIVILEGE = { code: 77, source: 'privilege', signal: null } as const;
export const PROFILER = { code: 125, source: 'profiler', signal: null } as const;

export const STATUS_OF_CAPTURE_ERROR: Record<CaptureErrorCode, ExitStatus> = {
  'not-privileged': PRIVILEGE,
  'not-permitted': PRIVILEGE,
  'over-bound': PRIVILEGE,
  'no-such-process': USAGE,
  'thirty-two-bit': USAGE,
  'event-unsupported': USAGE,
  'pid-namespace': PRIVILEGE,
  'user-namespace': PRIVILEGE,
  seccomp: PRIVILEGE,
  'security-module': PRIVILEGE,
  'perf-event-paranoid': PRIVILEGE,
  'locked-memory': PRIVILEGE,
  'no-btf': PROFILER,
  'no-ring-buffer': PROFILER,
  'no-bpf-loop': PROFILER,
  lockdown: PROFILER,
  'no-native': PROFILER,
  'no-directory': PROFILER,
  setup: PROFILER,
  kernel: PROFILER,
  sampler: PROFILER,
};

/** The exit code for an error of the capture, and its source. */
export function statusOfCaptureError({ code }: CaptureError): ExitStatus {
  return STATUS_OF_CAPTURE_ERROR[code];
}
