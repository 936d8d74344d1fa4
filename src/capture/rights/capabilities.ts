/** Bits of a process's capability sets: the kernel's include/uapi/linux/capability.h. */
const BITS = {
  dac_read_search: 2n,
  ipc_lock: 14n,
  sys_ptrace: 19n,
  syslog: 34n,
  perfmon: 38n,
  bpf: 39n,
  checkpoint_restore: 40n,
} as const;

export type Capability = keyof typeof BITS;

/** Without these no BPF program is loaded. */
export const NEEDED: readonly Capability[] = ['bpf', 'perfmon'];

/** Without these only part of what runs can be looked at; the doctor says so. */
export const USEFUL: readonly Capability[] = [
  'sys_ptrace',
  'checkpoint_restore',
  'dac_read_search',
  'syslog',
];

/** Those of `wanted` that are not in a set as /proc/PID/status shows it (hexadecimal digits). */
export function missingFrom(set: string, wanted: readonly Capability[]): Capability[] {
  const bits = BigInt(`0x${set}`);
  return wanted.filter((name) => ((bits >> BITS[name]) & 1n) === 0n);
}
