import { readFileSync } from 'node:fs';

export const BTF_PATH = '/sys/kernel/btf/vmlinux';

/** Kernel features that the BPF programs need. */
export interface KernelFeatures {
  hasRingBuffer: boolean;
  /** In mainline since 5.17; the BPF programs walk the stack with it. */
  hasBpfLoop: boolean;
}

/**
 * Looks names up in the kernel's types (BTF), which list its map types and helpers and which everybody may read. A
 * version check fails because distributions backport features; trying them out needs the privileges in question.
 * Undefined if the kernel does not show its types. Reads 5 MB in some 50 ms: too slow for the start of every run.
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
