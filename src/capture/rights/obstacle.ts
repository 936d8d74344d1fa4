import { CaptureError, type SetupOffer } from '../capture-error.js';
import { BTF_PATH } from '../machine/kernel-features.js';
import type { MachineFacts } from '../machine/machine-facts.js';

/** What no privilege helps against. */
export function findMachineObstacle(facts: MachineFacts): CaptureError | undefined {
  const { hasBtf, hasSysfs, kernelRelease, lockdown } = facts;
  if (!hasBtf) return new CaptureError({ code: 'no-btf', hasSysfs, kernelRelease, path: BTF_PATH });
  // In the mode `integrity` BPF programs may read memory, and that is all that ours do.
  if (lockdown === 'confidentiality') return new CaptureError({ code: 'lockdown' });
  return undefined;
}

/** What a container, or another room of its own, keeps from everybody inside, root included. */
export function findConfinement(facts: MachineFacts): CaptureError | undefined {
  const { container, ownUserNamespace, ownPidNamespace, missingNeeded, missingUseful } = facts;
  if (ownUserNamespace) return new CaptureError({ code: 'user-namespace', container });
  // The BPF programs see the machine's process ids. Where ours are others, nothing would match, and an empty picture
  // would look as if the program had done nothing.
  if (ownPidNamespace)
    return new CaptureError({
      code: 'pid-namespace',
      container,
      missing: [...missingNeeded, ...missingUseful],
    });
  return undefined;
}

/** What this process lacks; `setup`: what the command would do about it. */
export function findMissingPrivilege(facts: MachineFacts, setup?: SetupOffer): CaptureError | undefined {
  const { missingNeeded: needed, missingUseful: useful, isRoot, hasNoNewPrivileges, container } = facts;
  if (needed.length === 0) return undefined;
  const code = 'not-privileged';
  if (isRoot) return new CaptureError({ code, why: 'root-lacks', needed, useful, container });
  return new CaptureError({ code, why: 'user-lacks', needed, hasNoNewPrivileges, container, setup });
}
