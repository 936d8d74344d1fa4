import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { withMounts } from '../running/own-mounts.js';
import { repositoryRoot } from '../running/repository.js';
import { shellQuoted } from '../running/run-in-terminal.js';
import { scratchDirectory } from '../running/scratch-directory.js';

/** Of x86-64. `acct` is none that we make. */
const NUMBER = { acct: 163, perf_event_open: 298, bpf: 321 } as const;

let launcher: string | undefined;

/** In front of a command: it runs under a seccomp filter that answers one system call with an errno. */
export function refusing(systemCall: keyof typeof NUMBER, errno: number): string[] {
  launcher ??= compileLauncher();
  return [launcher, String(NUMBER[systemCall]), String(errno)];
}

function compileLauncher(): string {
  const path = join(scratchDirectory(), 'refuse-system-call');
  execFileSync('gcc', ['-o', path, join(repositoryRoot, 'test/kernel/start/refuse-system-call.c')], {
    stdio: 'pipe',
  });
  return path;
}

/** A file of the kernel's with other contents; where its folder is missing or read-only, a new one lies over it. */
export function overMountedFile(path: string, contents: string): string[] {
  const folder = path.slice(0, path.lastIndexOf('/'));
  return withMounts(`mount -t tmpfs none ${folder}`, `echo ${shellQuoted(contents)} > ${path}`);
}

export function setting(name: string, value: number): string[] {
  const file = join(scratchDirectory(), name);
  return withMounts(`echo ${value} > ${file}`, `mount --bind ${file} /proc/sys/kernel/${name}`);
}

/** The kernel's types, with the names of some of them spoiled: to whoever asks by name, they are not there. */
export function withoutTypes(...names: string[]): string[] {
  const file = join(scratchDirectory(), 'vmlinux');
  const spoil = names.map((name) => `-e s/${name}/${name.replace(/.$/, '0')}/g`).join(' ');
  return withMounts(
    `LC_ALL=C sed ${spoil} /sys/kernel/btf/vmlinux > ${file}`,
    `mount --bind ${file} /sys/kernel/btf/vmlinux`,
  );
}

/** No user has this number: what is counted per user is ours alone. */
const NOBODY_ELSE = 54_321;

/** In front of a command: an ordinary user, with no capabilities but these. */
export function asUser(...capabilities: string[]): string[] {
  const ids = [`--reuid=${NOBODY_ELSE}`, `--regid=${NOBODY_ELSE}`, '--clear-groups'];
  const sets = capabilities.map((name) => `+${name}`).join(',');
  return ['setpriv', ...ids, ...(sets === '' ? [] : [`--inh-caps=${sets}`, `--ambient-caps=${sets}`]), '--'];
}
