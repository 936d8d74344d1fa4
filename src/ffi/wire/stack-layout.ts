// Written by the build from bpf/record.h.

/** struct bee_stack: byte offsets. test/ffi/layout.test.ts compares them with the C compiler's. */
export const STACK_LAYOUT = {
  size: 104,
  time_ns: 0,
  key: 8,
  count: 24,
  pid: 32,
  tid: 36,
  comm: 40,
  cpu: 56,
  user_frames: 60,
  kernel_frames: 62,
  kind: 64,
  outcome: 65,
  root: 68,
  starter_tid: 72,
  starter_comm: 76,
  event: 92,
  weight: 96,
  frames: 104,
} as const;

/** A user frame word: address, rule and object, from the lowest bit up. */
export const FRAME_LAYOUT = { addressBits: 47, ruleShift: 47, objectShift: 50 } as const;
