import { constants } from 'node:os';
import type { CapturePlan, SamplerFailure } from '../../ffi/sampler-messages.js';
import { CaptureError } from '../capture-error.js';
import { type KernelFeatures, readKernelFeatures } from '../machine/kernel-features.js';
import { type MachineFacts, readKernelSetting, readMachineFacts } from '../machine/machine-facts.js';
import { withoutSeccomp, withoutSecurityModule } from './container.js';

const ATTEMPTED = 'start the sampler';
const { EPERM, EACCES, ENOSYS } = constants.errno;
/** What each of the sampler's failures was refused by, when the kernel says no more than that it refuses. */
const SYSTEM_CALL: Record<string, string> = { bpf: 'bpf()', 'perf-event': 'perf_event_open()' };

/** What helps against each of the bounds that `setup` has set. */
const BOUNDS: Record<string, (plan: CapturePlan) => string> = {
  'over-frequency': ({ frequencyHz }) => boundAdvice('a lower --frequency', `--max-frequency ${frequencyHz}`),
  'over-memory': () => boundAdvice('a lower --table-memory', '--max-memory MB'),
};

function boundAdvice(less: string, more: string): string {
  return [
    `${less}, or end the other runs`,
    `profile-bee setup ${more}   allows more; an administrator types it`,
    'sudo -E env "PATH=$PATH" …   (the same command again: root has no bounds)',
  ].join('\n');
}

/** Why the sampler could not start: the one thing on this machine that is wrong, where it can be told. */
export function diagnoseStart(failure: SamplerFailure, plan: CapturePlan): CaptureError {
  const bound = BOUNDS[failure.code];
  if (bound !== undefined) return new CaptureError('over-bound', ATTEMPTED, failure.message, bound(plan));
  if (failure.code === 'event-unsupported') return eventUnsupported(failure);
  if (failure.code === 'perf-memory' && failure.errno === EPERM) return lockedMemory();
  const systemCall = SYSTEM_CALL[failure.code];
  if (systemCall === undefined) return new CaptureError('sampler', ATTEMPTED, failure.message);
  // First: a kernel before 5.11 says EPERM to what it lacks, when its accounting of memory refuses it before.
  const features = failure.code === 'bpf' ? readKernelFeatures() : undefined;
  const missing = features && findMissingFeature(features);
  return missing ?? refusal(failure, systemCall, readMachineFacts()) ?? unexplained(failure);
}

function eventUnsupported({ message }: SamplerFailure): CaptureError {
  return new CaptureError(
    'event-unsupported',
    'open the sampling event',
    `${message}; this machine does not offer it`,
    'leave --event out to sample by cpu-clock',
  );
}

/** Each user has this memory once, for all profilers of theirs that run at the same time. */
function lockedMemory(): CaptureError {
  const perCpu = readKernelSetting('perf_event_mlock_kb');
  return new CaptureError(
    'locked-memory',
    ATTEMPTED,
    `the memory that a user may lock for perf events is used up (kernel.perf_event_mlock_kb is ${perCpu})`,
    `sudo sysctl kernel.perf_event_mlock_kb=${2 * (perCpu ?? 516)}   or ulimit -l unlimited, or end the other profiler`,
  );
}

/** The capabilities were there (checked before the start), so it is somebody else who refuses. */
function refusal(
  { code, errno }: SamplerFailure,
  systemCall: string,
  facts: MachineFacts,
): CaptureError | undefined {
  if (errno !== EPERM && errno !== EACCES && errno !== ENOSYS) return undefined;
  const paranoid = readKernelSetting('perf_event_paranoid') ?? 0;
  // EACCES is the setting's answer: a filter or a container's answer is EPERM as a rule.
  if (code === 'perf-event' && errno === EACCES && paranoid > 2) return onlyRootOpensEvents(paranoid);
  if (facts.hasSeccompFilter) return seccompRefuses(systemCall, facts);
  if (errno === ENOSYS)
    return new CaptureError('kernel', ATTEMPTED, `this kernel was built without ${systemCall}`);
  return new CaptureError(
    'security-module',
    ATTEMPTED,
    `the kernel refuses ${systemCall} although the capabilities are there: a security module does (AppArmor, SELinux)`,
    withoutSecurityModule(facts.container),
  );
}

/** Where the installed copy may not open perf events: it has not the rights of root. */
export const PARANOID_ADVICE =
  'sudo sysctl kernel.perf_event_paranoid=2   (in a file of /etc/sysctl.d it stays)';

/** A level that only kernels of Debian and Ubuntu have, and begin with: cap_perfmon is not enough there. */
function onlyRootOpensEvents(paranoid: number): CaptureError {
  return new CaptureError(
    'perf-event-paranoid',
    ATTEMPTED,
    `kernel.perf_event_paranoid is ${paranoid}, with which this kernel lets root alone open perf events`,
    `${PARANOID_ADVICE}, or profile with sudo`,
  );
}

function seccompRefuses(systemCall: string, { container }: MachineFacts): CaptureError {
  const cause = `a seccomp filter of this process (a container’s, a service’s) refuses ${systemCall}`;
  return new CaptureError('seccomp', ATTEMPTED, cause, withoutSeccomp(container));
}

function unexplained(failure: SamplerFailure): CaptureError {
  const advice = 'profile-bee doctor   shows what this machine allows';
  return new CaptureError(failure.code === 'bpf' ? 'kernel' : 'sampler', ATTEMPTED, failure.message, advice);
}

/** What the kernel programs need and this kernel does not have. */
export function findMissingFeature({ hasRingBuffer, hasBpfLoop }: KernelFeatures): CaptureError | undefined {
  if (!hasRingBuffer) {
    const cause = 'this kernel has no ring buffer for kernel programs (BPF_MAP_TYPE_RINGBUF)';
    return new CaptureError('no-ring-buffer', ATTEMPTED, cause, KERNEL_ADVICE);
  }
  if (hasBpfLoop) return undefined;
  const cause = 'this kernel has no bpf_loop, with which the kernel programs walk along a stack';
  return new CaptureError('no-bpf-loop', ATTEMPTED, cause, KERNEL_ADVICE);
}

const KERNEL_ADVICE = 'Linux 5.17 or newer has it: Debian 12, Ubuntu 22.10, Fedora 36 or newer';
