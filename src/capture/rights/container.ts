import { existsSync, readFileSync } from 'node:fs';
import type { Capability } from './capabilities.js';

/** Who started the container that we seem to be in; `other`: somebody unknown. */
export type ContainerKind = 'docker' | 'podman' | 'kubernetes' | 'lxc' | 'other';

/** By the marks that engines leave; there is no certain one. */
export function findContainer(env: NodeJS.ProcessEnv = process.env): ContainerKind | undefined {
  if (env.KUBERNETES_SERVICE_HOST !== undefined) return 'kubernetes';
  if (existsSync('/run/.containerenv')) return 'podman';
  if (existsSync('/.dockerenv')) return 'docker';
  const cgroup = readText('/proc/self/cgroup');
  if (/kubepods/.test(cgroup)) return 'kubernetes';
  if (/docker/.test(cgroup)) return 'docker';
  if (/lxc/.test(cgroup)) return 'lxc';
  return env.container === undefined ? undefined : 'other';
}

/** The line to type where a container is started; `docker` stands for engines that we do not know. */
export function containerLine(kind: ContainerKind | undefined, flags: readonly string[]): string {
  return `${kind === 'podman' ? 'sudo podman' : 'docker'} run ${flags.join(' ')} …`;
}

/** What a container's start has to say for these capabilities. */
export function addCapabilities(kind: ContainerKind | undefined, missing: readonly Capability[]): string {
  const names = missing.map((name) => name.toUpperCase());
  if (kind === 'kubernetes') return `securityContext: { capabilities: { add: [${names.join(', ')}] } }`;
  if (kind === 'lxc') return 'lxc.cap.keep   in the container’s configuration must list them';
  return containerLine(kind, capabilityFlags(missing));
}

function capabilityFlags(missing: readonly Capability[]): string[] {
  return missing.map((name) => `--cap-add ${name.toUpperCase()}`);
}

/** With the capabilities that are missing too, so that the line has to be changed once. */
export function sharePids(kind: ContainerKind | undefined, missing: readonly Capability[]): string {
  const flags = ['--pid=host', ...capabilityFlags(missing)];
  const line = kind === 'kubernetes' ? 'hostPID: true   in the pod’s spec' : containerLine(kind, flags);
  return `${line}   (or profile from outside of the container)`;
}

export function shareUsers(kind: ContainerKind | undefined): string {
  if (kind === 'kubernetes') return 'hostUsers: true   in the pod’s spec';
  if (kind === 'podman')
    return 'sudo podman run …   (not rootless), or profile from outside of the container';
  return `${containerLine(kind, ['--userns=host'])}   (not rootless), or profile from outside of the container`;
}

export function withoutSeccomp(kind: ContainerKind | undefined): string {
  if (kind === 'kubernetes') return 'securityContext: { seccompProfile: { type: Unconfined } }';
  const flag = '--security-opt seccomp=unconfined';
  return `${containerLine(kind, [flag])}   (or seccomp=FILE, with bpf and perf_event_open allowed in it)
SystemCallFilter=bpf perf_event_open   in a unit of systemd`;
}

export function withoutSecurityModule(kind: ContainerKind | undefined): string {
  if (kind === undefined) return 'journalctl -k | grep -i denied   shows which rule it is';
  if (kind === 'kubernetes') return 'securityContext: { appArmorProfile: { type: Unconfined } }';
  return containerLine(kind, ['--security-opt apparmor=unconfined', '--security-opt label=disable']);
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
