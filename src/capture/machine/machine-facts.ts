import { existsSync, readFileSync, readlinkSync } from 'node:fs';
import { release } from 'node:os';
import { type Capability, missingFrom, NEEDED, USEFUL } from '../rights/capabilities.js';
import { type ContainerKind, findContainer } from '../rights/container.js';
import { BTF_PATH } from './kernel-features.js';

/** Inodes of the kernel's initial namespaces: include/linux/proc_ns.h. */
const INITIAL_USER_NAMESPACE = 0xeffffffd;
const INITIAL_PID_NAMESPACE = 0xeffffffc;
/** SECCOMP_MODE_FILTER of include/uapi/linux/seccomp.h. */
const MODE_FILTER = '2';

/** Facts about this machine and this process that sampling depends on, readable without privileges. */
export interface MachineFacts {
  kernelRelease: string;
  hasSysfs: boolean;
  hasBtf: boolean;
  /** Undefined if securityfs is not mounted, as in most containers. */
  lockdown: 'none' | 'integrity' | 'confidentiality' | undefined;
  container: ContainerKind | undefined;
  ownPidNamespace: boolean;
  ownUserNamespace: boolean;
  isRoot: boolean;
  /** Missing from the effective set of this process. */
  missingNeeded: readonly Capability[];
  missingUseful: readonly Capability[];
  hasSeccompFilter: boolean;
  /** If set, neither sudo nor file capabilities have an effect. */
  hasNoNewPrivileges: boolean;
}

/** Cheap enough for the start of every run: reads a few small files of /proc and /sys. */
export function readMachineFacts(): MachineFacts {
  const status = readText('/proc/self/status');
  const field = (name: string) => new RegExp(`^${name}:\\s*(\\S+)`, 'm').exec(status)?.[1] ?? '0';
  return {
    kernelRelease: release(),
    hasSysfs: existsSync('/sys/kernel'),
    hasBtf: existsSync(BTF_PATH),
    lockdown: readLockdown(),
    container: findContainer(),
    ownPidNamespace: isOwnNamespace('pid', INITIAL_PID_NAMESPACE),
    ownUserNamespace: isOwnNamespace('user', INITIAL_USER_NAMESPACE),
    isRoot: process.geteuid?.() === 0,
    missingNeeded: missingFrom(field('CapEff'), NEEDED),
    missingUseful: missingFrom(field('CapEff'), USEFUL),
    hasSeccompFilter: field('Seccomp') === MODE_FILTER,
    hasNoNewPrivileges: field('NoNewPrivs') === '1',
  };
}

/** `none [integrity] confidentiality`: the brackets mark the mode in force. */
function readLockdown(): MachineFacts['lockdown'] {
  const mode = /\[(\w+)\]/.exec(readText('/sys/kernel/security/lockdown'))?.[1];
  return mode as MachineFacts['lockdown'];
}

/** A kernel without this kind of namespace has no such link. */
function isOwnNamespace(name: string, initialInode: number): boolean {
  try {
    return readlinkSync(`/proc/self/ns/${name}`) !== `${name}:[${initialInode}]`;
  } catch {
    return false;
  }
}

/** A setting of /proc/sys/kernel; undefined if this kernel does not have it. */
export function readKernelSetting(name: string): number | undefined {
  const text = readText(`/proc/sys/kernel/${name}`).trim();
  return text === '' ? undefined : Number(text);
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
