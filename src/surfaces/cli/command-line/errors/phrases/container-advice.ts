import type { Capability } from '../../../../../capture/rights/capabilities.js';
import type { ContainerKind } from '../../../../../capture/rights/container.js';

type Container = ContainerKind | undefined;

/** The command that starts the container; `docker` stands for unknown engines. */
function containerLine(kind: Container, flags: readonly string[]): string {
  return `${kind === 'podman' ? 'sudo podman' : 'docker'} run ${flags.join(' ')} …`;
}

/** How to start the container with these capabilities. */
export function addCapabilities(kind: Container, missing: readonly Capability[]): string {
  const names = missing.map((name) => name.toUpperCase());
  if (kind === 'kubernetes')
    return `set securityContext: { capabilities: { add: [${names.join(', ')}] } }   in the container’s spec`;
  if (kind === 'lxc') return `list ${missing.join(' ')} in lxc.cap.keep   of the container’s configuration`;
  return containerLine(kind, capabilityFlags(missing));
}

function capabilityFlags(missing: readonly Capability[]): string[] {
  return missing.map((name) => `--cap-add ${name.toUpperCase()}`);
}

/** Includes the missing capabilities, so that the command needs only one change. */
export function sharePids(kind: Container, missing: readonly Capability[]): string {
  const flags = ['--pid=host', ...capabilityFlags(missing)];
  const line = kind === 'kubernetes' ? 'set hostPID: true   in the pod’s spec' : containerLine(kind, flags);
  return `${line}   (or profile from outside the container)`;
}

export function shareUsers(kind: Container): string {
  if (kind === 'kubernetes') return 'set hostUsers: true   in the pod’s spec';
  const line = kind === 'podman' ? 'sudo podman run …' : containerLine(kind, ['--userns=host']);
  return `${line}   (not rootless), or profile from outside the container`;
}

export function withoutSeccomp(kind: Container): string[] {
  if (kind === 'kubernetes')
    return ['set securityContext: { seccompProfile: { type: Unconfined } }   in the pod’s spec'];
  const line = containerLine(kind, ['--security-opt seccomp=unconfined']);
  return [
    `${line}   (or seccomp=FILE, with bpf and perf_event_open allowed in it)`,
    'add SystemCallFilter=bpf perf_event_open   to a systemd unit',
  ];
}

export function withoutSecurityModule(kind: Container): string {
  if (kind === undefined) return 'journalctl -k | grep -i denied   shows which rule it is';
  if (kind === 'kubernetes')
    return 'set securityContext: { appArmorProfile: { type: Unconfined } }   in the pod’s spec';
  return containerLine(kind, ['--security-opt apparmor=unconfined', '--security-opt label=disable']);
}

/** For a process that its starter forbids to gain privileges. */
export function allowNewPrivileges(kind: Container): string {
  if (kind === undefined)
    return 'run it in another terminal: what started this one forbids new privileges (NoNewPrivileges= of a unit, a sandbox)';
  return 'start the container without --security-opt no-new-privileges (allowPrivilegeEscalation: false)';
}

/** For root outside containers, whose capabilities a systemd unit may limit. */
export function boundingSet(missing: readonly Capability[]): string {
  const names = missing.map((name) => `CAP_${name.toUpperCase()}`).join(' ');
  return `set CapabilityBoundingSet=${names}   in the systemd unit`;
}
