import { existsSync, readFileSync } from 'node:fs';

/** The engine of the container that we seem to be in; `other`: unknown. */
export type ContainerKind = 'docker' | 'podman' | 'kubernetes' | 'lxc' | 'other';

/** Goes by the marks that engines leave, none of which is certain. */
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

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
