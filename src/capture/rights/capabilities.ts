/** Bits of a process's capability sets: include/uapi/linux/capability.h. */
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

/** Needed to load BPF programs. */
export const NEEDED: readonly Capability[] = ['bpf', 'perfmon'];

/** Without these only some processes and frames are visible; the doctor reports it. */
export const USEFUL: readonly Capability[] = [
  'sys_ptrace',
  'checkpoint_restore',
  'dac_read_search',
  'syslog',
];

/** The capabilities of `wanted` that are missing from `set`, which is hexadecimal as in /proc/PID/status. */
export function missingFrom(set: string, wanted: readonly Capability[]): Capability[] {
  const bits = BigInt(`0x${set}`);
  return wanted.filter((name) => ((bits >> BITS[name]) & 1n) === 0n);
}
