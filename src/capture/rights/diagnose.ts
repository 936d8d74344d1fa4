import { constants } from 'node:os';
import type { CapturePlan, FailedStep, SamplerFailure } from '../../ffi/sampler-messages.js';
import { CaptureError, type SystemCall } from '../capture-error.js';
import { type KernelFeatures, readKernelFeatures } from '../machine/kernel-features.js';
import { type MachineFacts, readKernelSetting, readMachineFacts } from '../machine/machine-facts.js';

const { EPERM, EACCES, ENOSYS } = constants.errno;
/** What each of the sampler's failures was refused by, when the kernel says no more than that it refuses. */
const SYSTEM_CALL: Record<string, SystemCall> = { bpf: 'bpf', 'perf-event': 'perf_event_open' };

/** Why the sampler could not start: the one thing on this machine that is wrong, where it can be told. */
export function diagnoseStart(failure: SamplerFailure, { event }: CapturePlan): CaptureError {
  if ('most' in failure) return new CaptureError({ code: 'over-bound', bound: failure });
  const { code, errno } = failure;
  if (code === 'event-unsupported') return new CaptureError({ code, event }, errno);
  if (code === 'perf-memory' && errno === EPERM) return lockedMemory();
  const systemCall = SYSTEM_CALL[code];
  if (systemCall === undefined) return failedSampler(failure);
  // First: a kernel before 5.11 says EPERM to what it lacks, when its accounting of memory refuses it before.
  const features = code === 'bpf' ? readKernelFeatures() : undefined;
  const missing = features && findMissingFeature(features);
  return missing ?? refusal(failure, systemCall, readMachineFacts()) ?? unexplained(failure);
}

/** Why the sampler has ended while it ran: what the machine lacks was found at the start. */
export function diagnoseEnd(failure: SamplerFailure): CaptureError {
  if ('most' in failure) return new CaptureError({ code: 'over-bound', bound: failure });
  return failedSampler(failure);
}

function failedSampler(failure: FailedStep, isOfMachine = false): CaptureError {
  return new CaptureError({ code: 'sampler', why: 'failed', failure, isOfMachine }, failure.errno);
}

/** Each user has this memory once, for all profilers of theirs that run at the same time. */
function lockedMemory(): CaptureError {
  return new CaptureError({ code: 'locked-memory', perCpuKiB: readKernelSetting('perf_event_mlock_kb') });
}

/** The capabilities were there (checked before the start), so it is somebody else who refuses. */
function refusal(
  { code, errno }: FailedStep,
  systemCall: SystemCall,
  { hasSeccompFilter, container }: MachineFacts,
): CaptureError | undefined {
  if (errno !== EPERM && errno !== EACCES && errno !== ENOSYS) return undefined;
  const paranoid = readKernelSetting('perf_event_paranoid') ?? 0;
  // EACCES is the setting's answer: a filter or a container's answer is EPERM as a rule. A level above 2 is known to the
  // kernels of Debian and Ubuntu alone, which begin with it: cap_perfmon is not enough there.
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

/** What the BPF programs need and this kernel does not have. */
export function findMissingFeature({ hasRingBuffer, hasBpfLoop }: KernelFeatures): CaptureError | undefined {
  if (!hasRingBuffer) return new CaptureError({ code: 'no-ring-buffer' });
  return hasBpfLoop ? undefined : new CaptureError({ code: 'no-bpf-loop' });
}
