import type { CaptureErrorFacts } from '../../../../capture/capture-error.js';
import { DEFAULT_EVENT } from '../../../../capture/events/events.js';
import {
  CAPTURE_SAMPLES,
  type Explanation,
  explanation,
  START_SAMPLER,
  type TextsOf,
} from './explanation.js';
import { explainStep } from './phrases/sampler-steps.js';
import { errnoText } from './phrases/system-error-text.js';

const NEWER_KERNEL = 'use Linux 5.17 or newer: Debian 12, Ubuntu 22.10, Fedora 36 or newer';

/** Advice if the installed copy, which lacks root's rights, may not open perf events. */
export const LESS_PARANOID =
  'sudo sysctl kernel.perf_event_paranoid=2   (in a file of /etc/sysctl.d it stays)';

type KernelCode =
  | 'perf-event-paranoid'
  | 'no-btf'
  | 'no-ring-buffer'
  | 'no-bpf-loop'
  | 'lockdown'
  | 'kernel'
  | 'event-unsupported';

/** What the kernel lacks or is configured to refuse. */
export const KERNEL_TEXTS: TextsOf<KernelCode> = {
  'no-btf': ({ hasSysfs, kernelRelease, path }) =>
    hasSysfs
      ? explanation(
          CAPTURE_SAMPLES,
          `this kernel (${kernelRelease}) does not show its types (BTF): there is no ${path}`,
          'use a kernel with CONFIG_DEBUG_INFO_BTF=y: Debian 11, Ubuntu 20.10, Fedora 31 or newer',
        )
      : explanation(CAPTURE_SAMPLES, 'sysfs is not mounted', 'mount -t sysfs sysfs /sys   as root'),
  'no-ring-buffer': () =>
    explanation(
      START_SAMPLER,
      'this kernel has no ring buffer for BPF programs (BPF_MAP_TYPE_RINGBUF)',
      NEWER_KERNEL,
    ),
  'no-bpf-loop': () =>
    explanation(
      START_SAMPLER,
      'this kernel has no bpf_loop, which the BPF programs need to walk the stack',
      NEWER_KERNEL,
    ),
  lockdown: () =>
    explanation(
      CAPTURE_SAMPLES,
      'the kernel is locked down (confidentiality) and lets no BPF program read memory',
      'boot without lockdown=confidentiality on the kernel’s command line (lockdown=integrity is no obstacle)',
    ),
  // This level exists only in the kernels of Debian and Ubuntu, as the default; there cap_perfmon is not enough.
  'perf-event-paranoid': ({ paranoid }) =>
    explanation(
      START_SAMPLER,
      `kernel.perf_event_paranoid is ${paranoid}, so this kernel lets only root open perf events`,
      `${LESS_PARANOID}, or profile with sudo`,
    ),
  'event-unsupported': ({ event }, cause) =>
    explanation(
      `sample by ${event}`,
      `this machine does not offer the event${typeof cause === 'number' ? `: ${errnoText(cause)}` : ''}`,
      `leave out --event   to sample by ${DEFAULT_EVENT.spelling}`,
    ),
  kernel: explainKernel,
};

function explainKernel(facts: CaptureErrorFacts<'kernel'>): Explanation {
  switch (facts.why) {
    case 'platform':
      return explanation(CAPTURE_SAMPLES, `capturing needs Linux; this is ${facts.platform}`);
    case 'no-system-call':
      return explanation(START_SAMPLER, `this kernel was built without ${facts.systemCall}()`);
    case 'failed':
      return explainStep(facts.failure, 'profile-bee doctor   shows what this machine allows');
  }
}
