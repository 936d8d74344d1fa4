import { readFileSync } from 'node:fs';

export const BTF_PATH = '/sys/kernel/btf/vmlinux';

/** What the BPF programs are made of; undefined where the kernel does not show its types. */
export interface KernelFeatures {
  hasRingBuffer: boolean;
  /** Mainline since 5.17: the walk along a stack is such a loop. */
  hasBpfLoop: boolean;
}

/**
 * By name and not by version, as distributions port features back: the kernel's types, which everybody may read, hold
 * the enumerations of its maps and helpers. Trying them out would need the privileges that are in question. It reads
 * 5 MB, some 50 ms: not for the start of every run.
 */
export function readKernelFeatures(): KernelFeatures | undefined {
  try {
    const types = readFileSync(BTF_PATH);
    const has = (name: string) => types.includes(`\0${name}\0`);
    return { hasRingBuffer: has('BPF_MAP_TYPE_RINGBUF'), hasBpfLoop: has('BPF_FUNC_loop') };
  } catch {
    return undefined;
  }
}
