import { CaptureError, type SetupOffer } from '../capture-error.js';
import { BTF_PATH } from '../machine/kernel-features.js';
import type { MachineFacts } from '../machine/machine-facts.js';

/** An obstacle that no privilege removes. */
export function findMachineObstacle(facts: MachineFacts): CaptureError | undefined {
  const { hasBtf, hasSysfs, kernelRelease, lockdown } = facts;
  if (!hasBtf) return new CaptureError({ code: 'no-btf', hasSysfs, kernelRelease, path: BTF_PATH });
  // In the mode `integrity`, BPF programs may still read memory, and ours do no more.
  if (lockdown === 'confidentiality') return new CaptureError({ code: 'lockdown' });
  return undefined;
}

/** What a container or a namespace denies to everybody inside, including root. */
export function findConfinement(facts: MachineFacts): CaptureError | undefined {
  const { container, ownUserNamespace, ownPidNamespace, missingNeeded, missingUseful } = facts;
  if (ownUserNamespace) return new CaptureError({ code: 'user-namespace', container });
  // The BPF programs see the machine's process ids. In a pid namespace ours differ, nothing would match, and the empty
  // flamegraph would look as if the program had done nothing.
  if (ownPidNamespace)
    return new CaptureError({
      code: 'pid-namespace',
      container,
      missing: [...missingNeeded, ...missingUseful],
    });
  return undefined;
}

/** The capabilities that this process lacks; `setup`: what that command would do about it. */
export function findMissingPrivilege(facts: MachineFacts, setup?: SetupOffer): CaptureError | undefined {
  const { missingNeeded: needed, missingUseful: useful, isRoot, hasNoNewPrivileges, container } = facts;
  if (needed.length === 0) return undefined;
  const code = 'not-privileged';
  if (isRoot) return new CaptureError({ code, why: 'root-lacks', needed, useful, container });
  return new CaptureError({ code, why: 'user-lacks', needed, hasNoNewPrivileges, container, setup });
}
