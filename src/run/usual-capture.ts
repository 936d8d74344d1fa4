import type { CapturePlan } from '../ffi/sampler-messages.js';

/** What a capture is made of where nobody asks for anything else. */
export const USUAL_CAPTURE: CapturePlan = {
  frequencyHz: 997,
  event: 'cpu-clock',
  unwinder: 'dwarf',
  ringBytes: 8 << 20,
  /** The BPF program's limit: BEE_MAX_USER_FRAMES of bpf/record.h. */
  maxDepth: 1024,
  /** Ten million rows, those of eight compilers; the kernel allocates all of it at once. */
  tableMiB: 40,
  checksUnwinding: false,
};
