import { constants } from 'node:os';
import type { CapturePlan, FailedStep, SamplerFailure } from '../../ffi/sampler-messages.js';
import { CaptureError, type SystemCall } from '../capture-error.js';
import { type KernelFeatures, readKernelFeatures } from '../machine/kernel-features.js';
import { type MachineFacts, readKernelSetting, readMachineFacts } from '../machine/machine-facts.js';

const { EPERM, EACCES, ENOSYS } = constants.errno;
/** The system call behind each of the sampler's failures for which the kernel gives no reason. */
const SYSTEM_CALL: Record<string, SystemCall> = { bpf: 'bpf', 'perf-event': 'perf_event_open' };

/** Why the sampler could not start: the one thing that is wrong on this machine, if it is known. */
export function diagnoseStart(failure: SamplerFailure, { event }: CapturePlan): CaptureError {
  if ('most' in failure) return new CaptureError({ code: 'over-bound', bound: failure });
  const { code, errno } = failure;
  if (code === 'event-unsupported') return new CaptureError({ code, event }, errno);
  if (code === 'perf-memory' && errno === EPERM) return lockedMemory();
  const systemCall = SYSTEM_CALL[code];
  if (systemCall === undefined) return failedSampler(failure);
  // Checked first: before 5.11, a kernel's memory accounting may answer EPERM before a missing feature is noticed.
  const features = code === 'bpf' ? readKernelFeatures() : undefined;
  const missing = features && findMissingFeature(features);
  return missing ?? refusal(failure, systemCall, readMachineFacts()) ?? unexplained(failure);
}

/** Why the sampler failed during the run. What the machine lacks was already found at the start. */
export function diagnoseEnd(failure: SamplerFailure): CaptureError {
  if ('most' in failure) return new CaptureError({ code: 'over-bound', bound: failure });
  return failedSampler(failure);
}

function failedSampler(failure: FailedStep, isOfMachine = false): CaptureError {
  return new CaptureError({ code: 'sampler', why: 'failed', failure, isOfMachine }, failure.errno);
}

/** The kernel limits this memory per user, over all profilers that run at the same time. */
function lockedMemory(): CaptureError {
  return new CaptureError({ code: 'locked-memory', perCpuKiB: readKernelSetting('perf_event_mlock_kb') });
}

/** Finds who refused the call. The capabilities were checked before the start. */
function refusal(
  { code, errno }: FailedStep,
  systemCall: SystemCall,
  { hasSeccompFilter, container }: MachineFacts,
): CaptureError | undefined {
  if (errno !== EPERM && errno !== EACCES && errno !== ENOSYS) return undefined;
  const paranoid = readKernelSetting('perf_event_paranoid') ?? 0;
  // The setting answers EACCES; a seccomp filter or container usually answers EPERM. Levels above 2 exist only in the
  // kernels of Debian and Ubuntu, as the default; there cap_perfmon is not enough.
  if (code === 'perf-event' && errno === EACCES && paranoid > 2)
    return new CaptureError({ code: 'perf-event-paranoid', paranoid }, errno);
  if (hasSeccompFilter) return new CaptureError({ code: 'seccomp', systemCall, container }, errno);
  if (errno === ENOSYS) return new CaptureError({ code: 'kernel', why: 'no-system-call', systemCall }, errno);
  return new CaptureError({ code: 'security-module', systemCall, container }, errno);
}

function unexplained(failure: FailedStep): CaptureError {
  if (failure.code !== 'bpf') return failedSampler(failure, true);
  return new CaptureError({ code: 'kernel', why: 'failed', failure }, failure.errno);
}

/** The first feature that the BPF programs need and this kernel lacks. */
export function findMissingFeature({ hasRingBuffer, hasBpfLoop }: KernelFeatures): CaptureError | undefined {
  if (!hasRingBuffer) return new CaptureError({ code: 'no-ring-buffer' });
  return hasBpfLoop ? undefined : new CaptureError({ code: 'no-bpf-loop' });
}
