import type { CaptureErrorFacts, SetupOffer } from '../../../../capture/capture-error.js';
import {
  CAPTURE_SAMPLES,
  type Explanation,
  explanation,
  START_SAMPLER,
  type TextsOf,
} from './explanation.js';
import { capabilityNames } from './phrases/capability-names.js';
import { addCapabilities, allowNewPrivileges, boundingSet } from './phrases/container-advice.js';
import { endingText } from './phrases/process-ending.js';
import { SAME_COMMAND_AS_ROOT } from './phrases/same-command-as-root.js';

type Lack<W> = Extract<CaptureErrorFacts<'not-privileged'>, { why: W }>;

/** What this process may not do, in general or to another process. */
export const PRIVILEGE_TEXTS: TextsOf<'not-privileged' | 'not-permitted'> = {
  'not-privileged': (lack) => {
    switch (lack.why) {
      case 'root-lacks':
        return rootLacks(lack);
      case 'user-lacks':
        return userLacks(lack);
      case 'not-ambient':
        return notAmbient(lack);
      case 'sudo-failed':
        return explanation(
          START_SAMPLER,
          `sudo ${endingText(lack.ending)}`,
          'profile-bee setup   asks once and for all',
        );
      case 'setup-failed':
        return explanation(
          'set up the sampler',
          `${lack.file} ${endingText(lack.ending)}`,
          `run as root: ${lack.command.join(' ')}`,
        );
    }
  },
  'not-permitted': ({ pid }) =>
    explanation(
      `profile process ${pid}`,
      'it belongs to another user, has privileges of its own (setuid, capabilities), or hides its memory',
      SAME_COMMAND_AS_ROOT,
    ),
};

function rootLacks({ needed, useful, container }: Lack<'root-lacks'>): Explanation {
  const where = container === undefined ? '(a container, a systemd unit?)' : '(a container)';
  const missing = [...needed, ...useful];
  return explanation(
    CAPTURE_SAMPLES,
    `root has no ${capabilityNames(needed)} here ${where}`,
    addCapabilities(container, missing),
    ...(container === undefined ? [boundingSet(missing)] : []),
  );
}

function userLacks({ needed, hasNoNewPrivileges, container, setup }: Lack<'user-lacks'>): Explanation {
  const needs = 'loading BPF programs needs root, or the capabilities cap_bpf and cap_perfmon';
  const has = needed.length > 1 ? '' : `, and this process lacks ${capabilityNames(needed)}`;
  if (!hasNoNewPrivileges)
    return explanation(CAPTURE_SAMPLES, `${needs}${has}`, SAME_COMMAND_AS_ROOT, ...setupAdvice(setup));
  const cause = `${needs}${has}; this process may not gain privileges (no_new_privs), so sudo has no effect`;
  return explanation(CAPTURE_SAMPLES, cause, allowNewPrivileges(container));
}

function notAmbient({ setup }: Lack<'not-ambient'>): Explanation {
  const cause =
    'this process has cap_bpf and cap_perfmon, but they are not ambient, so the sampler would not inherit them';
  return explanation(CAPTURE_SAMPLES, cause, ...setupAdvice(setup));
}

function setupAdvice(offer: SetupOffer | undefined): string[] {
  return offer === undefined ? [] : [`profile-bee setup   ${whatSetupDoes(offer)}`];
}

function whatSetupDoes(offer: SetupOffer): string {
  switch (offer.kind) {
    case 'other-version':
      return `once, on a terminal: version ${offer.version} is installed, not this one`;
    case 'for-others':
      return 'once, as root, with --user: the installed sampler is for others';
    case 'first':
      return 'once, on a terminal: from then on neither root nor a password is needed';
  }
}
