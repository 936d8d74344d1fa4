import type { CaptureError } from '../../../../capture/capture-error.js';
import type { MachineFacts } from '../../../../capture/machine/machine-facts.js';
import { findConfinement, findMissingPrivilege } from '../../../../capture/rights/obstacle.js';
import { capabilityNames } from '../../command-line/errors/phrases/capability-names.js';
import { addCapabilities, withoutSeccomp } from '../../command-line/errors/phrases/container-advice.js';
import { type Check, ok, problemOf, unless, warning } from './check.js';
import type { Trial } from './trial.js';

/** What this process may do, and how its container or namespace restricts it. */
export function confinementChecks(facts: MachineFacts, trial: Trial | undefined): Check[] {
  return [
    ok('container', containerFound(facts)),
    unless('user-namespace', inUserNamespace(facts), 'user ids are the host’s'),
    unless('pid-namespace', inPidNamespace(facts), 'process ids are the host’s'),
    seccomp(facts, trial),
    capabilities(facts, trial),
  ];
}

function containerFound({ container }: MachineFacts): string {
  if (container === undefined) return 'no sign of a container';
  return container === 'other'
    ? 'this seems to be a container'
    : `this seems to be a container (${container})`;
}

function inUserNamespace(facts: MachineFacts): CaptureError | undefined {
  return findConfinement({ ...facts, ownPidNamespace: false });
}

function inPidNamespace(facts: MachineFacts): CaptureError | undefined {
  return findConfinement({ ...facts, ownUserNamespace: false });
}

/** What a filter rejects is known only by trying, which takes privileges. */
function seccomp({ hasSeccompFilter, container }: MachineFacts, trial: Trial | undefined): Check {
  if (!hasSeccompFilter) return ok('seccomp', 'no system calls are filtered');
  if (trial?.error?.code === 'seccomp') return problemOf('seccomp', trial.error);
  if (trial !== undefined)
    return ok('seccomp', 'system calls are filtered, but those for profiling are allowed');
  const found =
    'system calls are filtered (seccomp): only with more privileges can doctor tell whether bpf() is allowed';
  return warning('seccomp', found, withoutSeccomp(container).join('\n'));
}

function capabilities(facts: MachineFacts, trial: Trial | undefined): Check {
  const missing = findMissingPrivilege(facts);
  if (missing !== undefined && trial !== undefined && trial.error === undefined)
    return ok('capabilities', 'this user has none, but the sampler gets those it needs');
  if (missing !== undefined) return problemOf('capabilities', missing);
  const { missingUseful, isRoot, container } = facts;
  const who = isRoot ? 'root' : 'this user';
  if (missingUseful.length === 0)
    return ok('capabilities', `${who} has all capabilities that profiling needs`);
  const found = `${who} can profile, but has no ${capabilityNames(missingUseful)}: frames of other users’ processes, replaced files and the kernel may not be symbolized`;
  return warning('capabilities', found, addCapabilities(container, missingUseful));
}
