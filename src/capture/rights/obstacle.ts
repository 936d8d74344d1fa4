import { CaptureError } from '../capture-error.js';
import { BTF_PATH } from '../machine/kernel-features.js';
import type { MachineFacts } from '../machine/machine-facts.js';
import { type Capability, capabilityNames } from './capabilities.js';
import { addCapabilities, sharePids, shareUsers } from './container.js';

const ATTEMPTED = 'capture samples';

/** What no privilege helps against. */
export function findMachineObstacle(facts: MachineFacts): CaptureError | undefined {
  if (!facts.hasBtf) return noBtf(facts);
  if (facts.lockdown === 'confidentiality') return lockedDown();
  return undefined;
}

/** What a container, or another room of its own, keeps from everybody inside, root included. */
export function findConfinement(facts: MachineFacts): CaptureError | undefined {
  if (facts.ownUserNamespace) return inUserNamespace(facts);
  if (facts.ownPidNamespace) return inPidNamespace(facts);
  return undefined;
}

/** What this process lacks, and what a way to more privileges would give it. */
export function findMissingPrivilege(facts: MachineFacts): CaptureError | undefined {
  if (facts.missingNeeded.length === 0) return undefined;
  return facts.isRoot ? rootWithout(facts) : notPrivileged(facts);
}

function noBtf({ hasSysfs, kernelRelease }: MachineFacts): CaptureError {
  if (!hasSysfs) {
    return new CaptureError(
      'no-btf',
      ATTEMPTED,
      'sysfs is not mounted',
      'mount -t sysfs sysfs /sys   as root',
    );
  }
  const cause = `this kernel (${kernelRelease}) does not show its types (BTF): there is no ${BTF_PATH}`;
  const advice = 'a kernel with CONFIG_DEBUG_INFO_BTF=y has it: Debian 11, Ubuntu 20.10, Fedora 31 or newer';
  return new CaptureError('no-btf', ATTEMPTED, cause, advice);
}

/** In the mode `integrity` they may read, and that is all that they do. */
function lockedDown(): CaptureError {
  return new CaptureError(
    'lockdown',
    ATTEMPTED,
    'the kernel is locked down (confidentiality), and lets no kernel program read memory',
    'boot without lockdown=confidentiality in the kernel’s command line (lockdown=integrity is no obstacle)',
  );
}

function inUserNamespace({ container }: MachineFacts): CaptureError {
  return new CaptureError(
    'user-namespace',
    ATTEMPTED,
    'this process has a user namespace of its own (a rootless container?), and root of it is nobody to the kernel',
    shareUsers(container),
  );
}

/**
 * The kernel programs see the machine's process ids. Where ours are others (a container), nothing would match, and an
 * empty picture would look as if the program had done nothing.
 */
function inPidNamespace({ container, missingNeeded, missingUseful }: MachineFacts): CaptureError {
  return new CaptureError(
    'pid-namespace',
    ATTEMPTED,
    'this process has a process id namespace of its own (a container), and ids in the kernel are others',
    sharePids(container, [...missingNeeded, ...missingUseful]),
  );
}

function rootWithout({ missingNeeded, missingUseful, container }: MachineFacts): CaptureError {
  const where = container === undefined ? '(a container, a unit of systemd?)' : '(a container)';
  const cause = `this root has no ${capabilityNames(missingNeeded)} ${where}`;
  const all = [...missingNeeded, ...missingUseful];
  return new CaptureError('not-privileged', ATTEMPTED, cause, adviceForRoot(container, all));
}

function adviceForRoot(container: MachineFacts['container'], missing: readonly Capability[]): string {
  const line = addCapabilities(container, missing);
  if (container !== undefined) return line;
  const names = missing.map((name) => `CAP_${name.toUpperCase()}`).join(' ');
  return `${line}\nCapabilityBoundingSet=${names}   in the unit`;
}

function notPrivileged({ missingNeeded, hasNoNewPrivileges, container }: MachineFacts): CaptureError {
  const needs = 'loading kernel programs needs root, or the capabilities cap_bpf and cap_perfmon';
  const has =
    missingNeeded.length > 1 ? '' : `, of which this process has no ${capabilityNames(missingNeeded)}`;
  if (!hasNoNewPrivileges) return new CaptureError('not-privileged', ATTEMPTED, `${needs}${has}`, SUDO_LINE);
  const cause = `${needs}${has}, and this process may not gain any (no_new_privs): sudo has no effect here`;
  return new CaptureError('not-privileged', ATTEMPTED, cause, adviceWithoutGain(container));
}

const SUDO_LINE = 'sudo -E env "PATH=$PATH" …   (the same command again, as root)';

function adviceWithoutGain(container: MachineFacts['container']): string {
  if (container === undefined)
    return 'type it in a terminal of its own: whoever started this one forbids it (NoNewPrivileges= of a unit, a sandbox)';
  return 'start the container without --security-opt no-new-privileges (allowPrivilegeEscalation: false)';
}
