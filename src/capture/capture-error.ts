import { inspect } from 'node:util';
import type { ExceededBound, FailedStep } from '../ffi/sampler-messages.js';
import type { Capability } from './rights/capabilities.js';
import type { ContainerKind } from './rights/container.js';

type Container = ContainerKind | undefined;

/** A system call that sampling needs. */
export type SystemCall = 'bpf' | 'perf_event_open';

/** How a process that we started has ended; `failed`: it never began. */
export type ProcessEnding =
  | { kind: 'failed'; error: Error }
  | { kind: 'exited'; status: number | null }
  | { kind: 'killed'; signal: string };

/** What `setup` would do for this user. `for-others`: there is a copy, but this user may not start it. */
export type SetupOffer = { kind: 'first' | 'for-others' } | { kind: 'other-version'; version: string };

/** A process in a container, by its pid outside. */
export interface Insider {
  pid: number;
  name: string;
}

type LackOfPrivilege =
  | {
      why: 'root-lacks';
      needed: readonly Capability[];
      useful: readonly Capability[];
      container: Container;
    }
  | {
      why: 'user-lacks';
      needed: readonly Capability[];
      hasNoNewPrivileges: boolean;
      container: Container;
      setup?: SetupOffer | undefined;
    }
  /** The capabilities are there but not ambient, like those from a file. */
  | { why: 'not-ambient'; setup?: SetupOffer | undefined }
  | { why: 'sudo-failed'; ending: ProcessEnding }
  | { why: 'setup-failed'; ending: ProcessEnding; command: readonly string[]; file: string };

type NoSuchProcess = { pid: number } & (
  | { why: 'absent'; insiders: readonly Insider[] }
  | { why: 'thread'; process: number }
  | { why: 'zombie' | 'kernel-thread' }
);

type SamplerTrouble =
  /** `isOfMachine`: the kernel refused, and no known fact about this machine explains why. */
  | { why: 'failed'; failure: FailedStep; isOfMachine: boolean }
  | { why: 'ended'; ending: ProcessEnding }
  | { why: 'unreachable' }
  | { why: 'not-observing'; pid: number; detail: string }
  /** The doctor could not start its own program to sample. */
  | { why: 'no-program' };

type NoFields = unknown;

/** Every code with its fields. */
interface Fields {
  'not-privileged': LackOfPrivilege;
  'not-permitted': { pid: number };
  'over-bound': { bound: ExceededBound };
  'pid-namespace': { container: Container; missing: readonly Capability[] };
  'user-namespace': { container: Container };
  seccomp: { systemCall: SystemCall; container: Container };
  'security-module': { systemCall: SystemCall; container: Container };
  'perf-event-paranoid': { paranoid: number };
  'locked-memory': { perCpuKiB: number | undefined };
  'no-btf': { hasSysfs: boolean; kernelRelease: string; path: string };
  'no-ring-buffer': NoFields;
  'no-bpf-loop': NoFields;
  lockdown: NoFields;
  kernel:
    | { why: 'platform'; platform: string }
    | { why: 'no-system-call'; systemCall: SystemCall }
    | { why: 'failed'; failure: FailedStep };
  'event-unsupported': { event: string };
  'no-such-process': NoSuchProcess;
  'thirty-two-bit': { pid: number; name: string | undefined };
  'no-native': { why: 'platform'; platform: string; available: string } | { why: 'missing'; part: string };
  'no-directory': { parent: string };
  /** The privileged part has printed the reason on the terminal. */
  setup: NoFields;
  sampler: SamplerTrouble;
}

export type CaptureErrorCode = keyof Fields;

/** A code with its fields; comparing `code` narrows it. */
export type CaptureErrorFacts<C extends CaptureErrorCode = CaptureErrorCode> = {
  [K in C]: { code: K } & Fields[K];
}[C];

/** The error of the system or a library. A number is Linux's errno. */
export type CaptureErrorCause = Error | number | undefined;

/**
 * Why a capture failed or cannot start, as facts. The surface derives sentences, advice and the exit code; `message` is
 * for a developer who reads a stack trace.
 */
export class CaptureError extends Error {
  override readonly name = 'CaptureError';

  constructor(
    readonly facts: CaptureErrorFacts,
    override readonly cause?: CaptureErrorCause,
  ) {
    super(inspect(facts, { breakLength: Number.POSITIVE_INFINITY, depth: 4 }));
  }

  get code(): CaptureErrorCode {
    return this.facts.code;
  }
}
