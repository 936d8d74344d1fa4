import { readFileSync } from 'node:fs';
import { needsRoot } from './needs-root.js';

/** In a chroot the root is no mount: unshare cannot make it private, and the kernel makes no user namespace there. */
const isChroot = !readFileSync('/proc/self/mountinfo', 'utf8')
  .split('\n')
  .some((line) => line.split(' ')[4] === '/');

/** In front of a command: it runs with mounts of its own, made by lines of shell, in which `$@` is the command. */
export function withMounts(...lines: string[]): string[] {
  const own = isChroot ? ['--propagation', 'unchanged'] : [];
  const apart = isChroot ? ['/proc', '/sys'].map((path) => `/bin/mount --make-rprivate ${path}`) : [];
  const script = [...apart, ...lines, 'exec "$@"'].join('\n');
  // The command's PATH may be a bare one.
  return ['/usr/bin/unshare', '--mount', ...own, '/bin/sh', '-ec', script, 'sh'];
}

/** In front of a command: it runs in a process id namespace of its own, /proc with it. */
export function withOwnPids(): string[] {
  return ['unshare', '--pid', '--fork', ...withMounts('mount -t proc proc /proc')];
}

export const needsUserNamespaces: { skip: string | false } = {
  skip: needsRoot.skip || (isChroot && 'needs a user namespace, which a chroot cannot have'),
};
