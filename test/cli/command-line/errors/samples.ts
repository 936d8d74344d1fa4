import { constants } from 'node:os';
import type {
  CaptureErrorCause,
  CaptureErrorCode,
  CaptureErrorFacts,
} from '../../../../src/capture/capture-error.js';
import type { CaptureProblem } from '../../../../src/capture/capture-problem.js';
import { NativeError } from '../../../../src/ffi/native-error.js';
import type { FailedStep } from '../../../../src/ffi/sampler-messages.js';

interface Sample<F> {
  facts: F;
  cause?: CaptureErrorCause;
}

const { EINVAL, EACCES, ENOENT, EPERM, ENOSYS } = constants.errno;
const KILLED = { kind: 'killed', signal: 'SIGKILL' } as const;
const EXITED = { kind: 'exited', status: 1 } as const;
const ABSENT = Object.assign(new Error('spawn sudo ENOENT'), { errno: -ENOENT, code: 'ENOENT' });
const FAILED = { kind: 'failed', error: ABSENT } as const;
const CONTAINERS = [undefined, 'docker', 'podman', 'kubernetes', 'lxc', 'other'] as const;

function failed(code: FailedStep['code'], step: string, rest: Partial<FailedStep> = {}): FailedStep {
  return { code, step, subject: '', errno: 0, detail: '', ...rest };
}

/** Each code with each of its variants, as they come. */
export const ERROR_SAMPLES: { [C in CaptureErrorCode]: readonly Sample<CaptureErrorFacts<C>>[] } = {
  'not-privileged': [
    ...CONTAINERS.flatMap((container) => {
      const code = 'not-privileged';
      const lack = { code, why: 'user-lacks', needed: ['bpf', 'perfmon'], container } as const;
      return [
        { facts: { code, why: 'root-lacks', needed: ['bpf'], useful: ['syslog'], container } as const },
        { facts: { ...lack, hasNoNewPrivileges: true } },
        { facts: { ...lack, hasNoNewPrivileges: false, setup: { kind: 'first' } as const } },
        { facts: { ...lack, needed: ['perfmon'] as const, hasNoNewPrivileges: false } },
      ];
    }),
    { facts: { code: 'not-privileged', why: 'not-ambient', setup: { kind: 'for-others' } } },
    {
      facts: {
        code: 'not-privileged',
        why: 'not-ambient',
        setup: { kind: 'other-version', version: '0.9.0' },
      },
    },
    ...[KILLED, EXITED, FAILED].flatMap((ending) => [
      { facts: { code: 'not-privileged', why: 'sudo-failed', ending } as const },
      {
        facts: {
          code: 'not-privileged',
          why: 'setup-failed',
          ending,
          file: 'sudo',
          command: ['/opt/bee-sampler', '--install'],
        } as const,
      },
    ]),
  ],
  'not-permitted': [{ facts: { code: 'not-permitted', pid: 7 }, cause: EPERM }],
  'over-bound': [
    { facts: { code: 'over-bound', bound: { code: 'over-frequency', need: 997, taken: 1500, most: 1000 } } },
    { facts: { code: 'over-bound', bound: { code: 'over-memory', need: 200, taken: 200, most: 100 } } },
  ],
  'pid-namespace': CONTAINERS.map((container) => ({
    facts: { code: 'pid-namespace', container, missing: ['bpf'] },
  })),
  'user-namespace': CONTAINERS.map((container) => ({ facts: { code: 'user-namespace', container } })),
  seccomp: CONTAINERS.map((container) => ({
    facts: { code: 'seccomp', systemCall: 'bpf', container },
    cause: EPERM,
  })),
  'security-module': CONTAINERS.map((container) => ({
    facts: { code: 'security-module', systemCall: 'perf_event_open', container },
    cause: EACCES,
  })),
  'perf-event-paranoid': [{ facts: { code: 'perf-event-paranoid', paranoid: 4 }, cause: EACCES }],
  'locked-memory': [
    { facts: { code: 'locked-memory', perCpuKiB: 516 } },
    { facts: { code: 'locked-memory', perCpuKiB: undefined } },
  ],
  'no-btf': [true, false].map((hasSysfs) => ({
    facts: { code: 'no-btf', hasSysfs, kernelRelease: '5.4.0', path: '/sys/kernel/btf/vmlinux' },
  })),
  'no-ring-buffer': [{ facts: { code: 'no-ring-buffer' } }],
  'no-bpf-loop': [{ facts: { code: 'no-bpf-loop' } }],
  lockdown: [{ facts: { code: 'lockdown' } }],
  kernel: [
    { facts: { code: 'kernel', why: 'platform', platform: 'darwin' } },
    { facts: { code: 'kernel', why: 'no-system-call', systemCall: 'bpf' }, cause: ENOSYS },
    {
      facts: {
        code: 'kernel',
        why: 'failed',
        failure: failed('bpf', 'set-up-map', { subject: 'rows', errno: EINVAL }),
      },
    },
  ],
  'event-unsupported': [
    { facts: { code: 'event-unsupported', event: 'cycles' }, cause: ENOENT },
    { facts: { code: 'event-unsupported', event: 'cycles' } },
  ],
  'no-such-process': [
    { facts: { code: 'no-such-process', pid: 7, why: 'absent', insiders: [] } },
    { facts: { code: 'no-such-process', pid: 7, why: 'absent', insiders: [{ pid: 4711, name: 'sleep' }] } },
    { facts: { code: 'no-such-process', pid: 7, why: 'thread', process: 6 } },
    { facts: { code: 'no-such-process', pid: 7, why: 'zombie' } },
    { facts: { code: 'no-such-process', pid: 7, why: 'kernel-thread' } },
  ],
  'thirty-two-bit': [
    { facts: { code: 'thirty-two-bit', pid: 7, name: 'old' } },
    { facts: { code: 'thirty-two-bit', pid: 7, name: undefined } },
  ],
  'no-native': [
    { facts: { code: 'no-native', why: 'platform', platform: 'linux-arm64', available: 'linux-x64' } },
    {
      facts: { code: 'no-native', why: 'missing', part: 'bee-gate' },
      cause: new NativeError('ENOENT', 'find bee-gate', '/opt/prebuilds/linux-x64/bee-gate does not exist'),
    },
    { facts: { code: 'no-native', why: 'missing', part: 'bee-gate' } },
  ],
  'no-directory': [{ facts: { code: 'no-directory', parent: '/nowhere' }, cause: ABSENT }],
  setup: [{ facts: { code: 'setup' } }],
  sampler: [
    ...[true, false].map((isOfMachine) => ({
      facts: {
        code: 'sampler',
        why: 'failed',
        failure: failed('perf-event', 'open-side-band-events', { errno: EINVAL }),
        isOfMachine,
      } as const,
    })),
    {
      facts: {
        code: 'sampler',
        why: 'failed',
        failure: failed('client', 'receive-request', { detail: 'it has gone' }),
        isOfMachine: false,
      },
    },
    ...[KILLED, EXITED, FAILED].map((ending) => ({
      facts: { code: 'sampler', why: 'ended', ending } as const,
    })),
    {
      facts: { code: 'sampler', why: 'unreachable' },
      cause: new NativeError('ECONNRESET', 'wait for the sampler', 'The sampler went away.'),
    },
    { facts: { code: 'sampler', why: 'not-observing', pid: 7, detail: '' }, cause: EINVAL },
    { facts: { code: 'sampler', why: 'not-observing', pid: 7, detail: 'answered with exit' } },
    { facts: { code: 'sampler', why: 'no-program' }, cause: ABSENT },
  ],
};

type Told = Exclude<CaptureProblem, { more: number }>;

const STACK = { command: 'spin', pid: 7, tid: 8, rows: ['   1  spin+0x10', '   2  libc+0x20'] };
const WALK = { frames: 12, end: 'complete' };

export const PROBLEM_SAMPLES: { [C in Told['code']]: readonly Extract<Told, { code: C }>[] } = {
  'not-observed': [
    { code: 'not-observed', path: '/bin/true', error: ABSENT },
    { code: 'not-observed', path: '/bin/true', error: new Error('odd') },
  ],
  'left-out': [{ code: 'left-out', pid: 7, name: 'sudo' }],
  'side-band-lost': [{ code: 'side-band-lost', records: 30 }],
  'too-many-mappings': [{ code: 'too-many-mappings', pid: 7, most: 1024 }],
  'too-many-processes': [{ code: 'too-many-processes', pid: 7 }],
  'too-many-objects': [{ code: 'too-many-objects', most: 16_383 }],
  'table-memory': [{ code: 'table-memory', path: '/lib/libc.so.6' }],
  'thirty-two-bit': [{ code: 'thirty-two-bit', path: '/opt/old' }],
  'no-unwind-table': [
    { code: 'no-unwind-table', path: '/opt/a', why: 'too-many-rules', detail: '' },
    { code: 'no-unwind-table', path: '/opt/a', why: 'too-large', detail: '' },
    { code: 'no-unwind-table', path: '/opt/a', why: 'malformed', detail: 'the section headers lie outside' },
  ],
  'unreadable-object': [
    { code: 'unreadable-object', path: '/opt/a', errno: EACCES, detail: '' },
    { code: 'unreadable-object', path: '/opt/a', errno: 0, detail: 'no descriptor is left' },
  ],
  'unwinding-difference': [
    { code: 'unwinding-difference', same: 2, inKernel: WALK, inSampler: WALK, ...STACK },
  ],
  'unwinding-doubt': [
    { code: 'unwinding-doubt', why: 'impossible-caller', frame: 2, ...STACK },
    { code: 'unwinding-doubt', why: 'false-root', frame: 2, ...STACK },
  ],
};
