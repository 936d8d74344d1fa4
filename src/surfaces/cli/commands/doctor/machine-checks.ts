import { CaptureError } from '../../../../capture/capture-error.js';
import { readKernelFeatures } from '../../../../capture/machine/kernel-features.js';
import type { MachineFacts } from '../../../../capture/machine/machine-facts.js';
import { checkNativeParts } from '../../../../capture/machine/native-parts.js';
import { findMissingFeature } from '../../../../capture/rights/diagnose.js';
import { findMachineObstacle } from '../../../../capture/rights/obstacle.js';
import { type Check, ok, problemOf, unless } from './check.js';
import type { Trial } from './trial.js';

/** Advice where nothing can be captured at all. */
export const ELSEWHERE = 'profile on Linux x86-64; profiles taken there can be read here';

/** What the installation and the kernel need, for any user. */
export function machineChecks(facts: MachineFacts, trial: Trial | undefined): Check[] {
  return [nativeParts(), btf(facts), ...features(trial), lockdown(facts)];
}

function nativeParts(): Check {
  try {
    checkNativeParts();
    return ok('native-parts', 'this installation has all native parts');
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error;
    const check = problemOf('native-parts', error);
    return { ...check, fix: check.fix || ELSEWHERE };
  }
}

function btf(facts: MachineFacts): Check {
  return unless(
    'btf',
    findMachineObstacle({ ...facts, lockdown: undefined }),
    'the kernel has type information (BTF)',
  );
}

/** If BPF programs were loaded, they have what they need; without BTF, nothing can be said about the kernel. */
function features(trial: Trial | undefined): Check[] {
  const isProved = trial !== undefined && trial.error === undefined;
  const features = isProved ? { hasRingBuffer: true, hasBpfLoop: true } : readKernelFeatures();
  if (features === undefined) return [];
  const ringBuffer = findMissingFeature({ ...features, hasBpfLoop: true });
  const bpfLoop = findMissingFeature({ ...features, hasRingBuffer: true });
  return [
    unless('ring-buffer', ringBuffer, 'the kernel has ring buffers for BPF programs'),
    unless('bpf-loop', bpfLoop, 'the kernel has bpf_loop, which unwinding needs'),
  ];
}

const LOCKDOWN_FOUND = {
  none: 'the kernel is not locked down',
  integrity: 'lockdown is in integrity mode, which is no obstacle',
  confidentiality: '',
} as const;

function lockdown(facts: MachineFacts): Check {
  if (facts.lockdown === undefined) return ok('lockdown', 'unknown (securityfs is not mounted)');
  const obstacle = findMachineObstacle({ ...facts, hasBtf: true });
  return unless('lockdown', obstacle, LOCKDOWN_FOUND[facts.lockdown]);
}
