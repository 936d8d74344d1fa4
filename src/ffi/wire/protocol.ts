// Written by the build from native/wire/protocol.json.
import type { Layout } from './fields.js';

export const PROTOCOL_VERSION = 7;

/** By what stacks are unwound. */
export const UNWINDERS = ['dwarf', 'fp'] as const;

/** What is sampled. */
export const EVENTS = ['cpu-clock', 'cycles'] as const;

/** Kinds of messages. */
export const MESSAGE = {
  start: 1,
  target: 2,
  stop: 3,
  tick: 4,
  hello: 101,
  started: 102,
  added: 103,
  object: 104,
  stacks: 105,
  counts: 106,
  process: 107,
  totals: 108,
  problem: 109,
  done: 110,
  failed: 111,
  jitDump: 112,
  ticked: 113,
  histogram: 32769,
} as const;

/** How much a capture may take. */
export interface Limits {
  /** A power of two, 4096 or more. */
  ringBytes: number;
  /** User frames of a stack, 1 to 1024. */
  maxDepth: number;
  /** Memory for unwind tables, 2 to 1024. */
  tableMiB: number;
}

export const LIMITS_LAYOUT: Layout<Limits> = [
  { number: 1, name: 'ringBytes', type: 'u32', arity: 'one' },
  { number: 2, name: 'maxDepth', type: 'u32', arity: 'one' },
  { number: 3, name: 'tableMiB', type: 'u32', arity: 'one' },
];

/** An event to sample. A stack's `event` is its place in START's list. */
export interface EventRequest {
  /** One of the events that are sampled. */
  name: string;
  /** Samples a second and CPU. */
  frequencyHz: number;
}

export const EVENT_REQUEST_LAYOUT: Layout<EventRequest> = [
  { number: 1, name: 'name', type: 'text', arity: 'one' },
  { number: 2, name: 'frequencyHz', type: 'u32', arity: 'one' },
];

/** What stat said of a mapped file when it was loaded. */
export interface FileState {
  device: bigint;
  inode: bigint;
  size: bigint;
  modifiedNs: bigint;
  changedNs: bigint;
}

export const FILE_STATE_LAYOUT: Layout<FileState> = [
  { number: 1, name: 'device', type: 'u64', arity: 'one' },
  { number: 2, name: 'inode', type: 'u64', arity: 'one' },
  { number: 3, name: 'size', type: 'u64', arity: 'one' },
  { number: 4, name: 'modifiedNs', type: 'i64', arity: 'one' },
  { number: 5, name: 'changedNs', type: 'i64', arity: 'one' },
];

/** How a process began; reserved, none is sent. */
export interface ProcessStart {
  parent: number;
  command: string;
}

export const PROCESS_START_LAYOUT: Layout<ProcessStart> = [
  { number: 1, name: 'parent', type: 'u32', arity: 'one' },
  { number: 2, name: 'command', type: 'text', arity: 'one' },
];

/** How a process ended. */
export interface ProcessEnd {
  /** As wait4 encodes it; absent: unknown. */
  waitStatus?: number | undefined;
}

export const PROCESS_END_LAYOUT: Layout<ProcessEnd> = [
  { number: 1, name: 'waitStatus', type: 'u32', arity: 'optional' },
];

/** How far a walk over a stack came. */
export interface Walk {
  frames: number;
  /** An outcome's name. */
  end: string;
}

export const WALK_LAYOUT: Layout<Walk> = [
  { number: 1, name: 'frames', type: 'count', arity: 'one' },
  { number: 2, name: 'end', type: 'text', arity: 'one' },
];

/**
 * What is told of a failure or a problem: its code, and the fields that this code has. The client makes the
 * sentences.
 */
export interface Facts {
  code: string;
  /** Of a failure: a name that the client has words for. */
  step?: string | undefined;
  /** Of a step: the map or the path that it was about. */
  subject?: string | undefined;
  /** 0: the system gave none. */
  errno?: number | undefined;
  /** What the error number does not say. */
  detail?: string | undefined;
  /** Of an exceeded bound: what this capture asks for. */
  need?: number | undefined;
  /** What all captures of the user would take together. */
  taken?: number | undefined;
  /** The bound. */
  most?: number | undefined;
  /** How many others of the code were not told. */
  more?: number | undefined;
  pid?: number | undefined;
  tid?: number | undefined;
  command?: string | undefined;
  path?: string | undefined;
  why?: string | undefined;
  records?: number | undefined;
  /** Frames that two walks have in common. */
  same?: number | undefined;
  /** A frame's place, the leaf's is 0. */
  frame?: number | undefined;
  /** Frames, as texts. */
  rows: readonly string[];
  inKernel?: Walk | undefined;
  inSampler?: Walk | undefined;
}

export const FACTS_LAYOUT: Layout<Facts> = [
  { number: 1, name: 'code', type: 'text', arity: 'one' },
  { number: 2, name: 'step', type: 'text', arity: 'optional' },
  { number: 3, name: 'subject', type: 'text', arity: 'optional' },
  { number: 4, name: 'errno', type: 'count', arity: 'optional' },
  { number: 5, name: 'detail', type: 'text', arity: 'optional' },
  { number: 6, name: 'need', type: 'count', arity: 'optional' },
  { number: 7, name: 'taken', type: 'count', arity: 'optional' },
  { number: 8, name: 'most', type: 'count', arity: 'optional' },
  { number: 9, name: 'more', type: 'count', arity: 'optional' },
  { number: 10, name: 'pid', type: 'count', arity: 'optional' },
  { number: 11, name: 'tid', type: 'count', arity: 'optional' },
  { number: 12, name: 'command', type: 'text', arity: 'optional' },
  { number: 13, name: 'path', type: 'text', arity: 'optional' },
  { number: 14, name: 'why', type: 'text', arity: 'optional' },
  { number: 15, name: 'records', type: 'count', arity: 'optional' },
  { number: 16, name: 'same', type: 'count', arity: 'optional' },
  { number: 17, name: 'frame', type: 'count', arity: 'optional' },
  { number: 18, name: 'rows', type: 'text', arity: 'list' },
  { number: 19, name: 'inKernel', type: WALK_LAYOUT, arity: 'optional' },
  { number: 20, name: 'inSampler', type: WALK_LAYOUT, arity: 'optional' },
];

/** Samples that fired and were not delivered. */
export interface Loss {
  /** A loss's name. */
  cause: string;
  samples: number;
}

export const LOSS_LAYOUT: Layout<Loss> = [
  { number: 1, name: 'cause', type: 'text', arity: 'one' },
  { number: 2, name: 'samples', type: 'count', arity: 'one' },
];

/**
 * Stacks that were unwound a second time and compared. Two walks by the same rules can be wrong together, so
 * the frames themselves are checked, too.
 */
export interface UnwindingCheck {
  checked: number;
  /** Part of checked: the copied slice of stack ended first, and the frames agree up to there. */
  prefixOnly: number;
  differing: number;
  /** No room in the ring, or too late. */
  unchecked: number;
  /** Frames whose return address does not follow a call instruction. */
  impossibleCallers: number;
  /**
   * Stacks that count as complete although their outermost frame can return, which no start of a thread
   * does.
   */
  falseRoots: number;
}

export const UNWINDING_CHECK_LAYOUT: Layout<UnwindingCheck> = [
  { number: 1, name: 'checked', type: 'count', arity: 'one' },
  { number: 2, name: 'prefixOnly', type: 'count', arity: 'one' },
  { number: 3, name: 'differing', type: 'count', arity: 'one' },
  { number: 4, name: 'unchecked', type: 'count', arity: 'one' },
  { number: 5, name: 'impossibleCallers', type: 'count', arity: 'one' },
  { number: 6, name: 'falseRoots', type: 'count', arity: 'one' },
];

/** Comes first. Another version is the client's error to report. */
export interface Hello {
  pid: number;
  /** The sampler's. */
  version: string;
}

export const HELLO_LAYOUT: Layout<Hello> = [
  { number: 1, name: 'pid', type: 'u32', arity: 'one' },
  { number: 2, name: 'version', type: 'text', arity: 'one' },
];

/** Loads and attaches the BPF programs. */
export interface StartRequest {
  limits: Limits;
  /** One of the unwinders. */
  unwinder: string;
  /** Every stack is unwound a second time in the sampler and compared. */
  checksUnwinding: boolean;
  events: readonly EventRequest[];
}

export const START_REQUEST_LAYOUT: Layout<StartRequest> = [
  { number: 1, name: 'limits', type: LIMITS_LAYOUT, arity: 'one' },
  { number: 2, name: 'unwinder', type: 'text', arity: 'one' },
  { number: 3, name: 'checksUnwinding', type: 'bool', arity: 'one' },
  { number: 4, name: 'events', type: EVENT_REQUEST_LAYOUT, arity: 'list' },
];

/**
 * Adds what is sampled, or removes it; ADDED answers. Only a process can be added; the rest is answered with
 * EOPNOTSUPP. Who may profile what is asked for each.
 */
export interface TargetRequest {
  /** A new number each time: stacks of what it adds carry it as their `root`. */
  request: number;
  removes: boolean;
  /** With its future children. */
  process?: number | undefined;
  thread?: number | undefined;
  cgroup?: string | undefined;
  cpu?: number | undefined;
  all?: boolean | undefined;
  /** It waits at the gate; observation begins with its exec. */
  isHeld?: boolean | undefined;
  /** Without its children. */
  isAlone?: boolean | undefined;
  /**
   * It descends from what that request added, and has its root; nothing changes if it is observed already.
   */
  ancestor?: number | undefined;
  /** Files that it will map, loaded before ADDED is sent. */
  paths: readonly string[];
}

export const TARGET_REQUEST_LAYOUT: Layout<TargetRequest> = [
  { number: 1, name: 'request', type: 'u32', arity: 'one' },
  { number: 2, name: 'removes', type: 'bool', arity: 'one' },
  { number: 3, name: 'process', type: 'u32', arity: 'optional' },
  { number: 4, name: 'thread', type: 'u32', arity: 'optional' },
  { number: 5, name: 'cgroup', type: 'text', arity: 'optional' },
  { number: 6, name: 'cpu', type: 'u32', arity: 'optional' },
  { number: 7, name: 'all', type: 'bool', arity: 'optional' },
  { number: 8, name: 'isHeld', type: 'bool', arity: 'optional' },
  { number: 9, name: 'isAlone', type: 'bool', arity: 'optional' },
  { number: 10, name: 'ancestor', type: 'u32', arity: 'optional' },
  { number: 11, name: 'paths', type: 'text', arity: 'list' },
];

/** Ends sampling and asks for what is left. */
export type Stop = Record<never, never>;

export const STOP_LAYOUT: Layout<Stop> = [];

/** Asks for everything up to now, and for a TICKED behind it. */
export interface Tick {
  number: number;
}

export const TICK_LAYOUT: Layout<Tick> = [{ number: 1, name: 'number', type: 'u32', arity: 'one' }];

/** The BPF programs are attached. */
export interface Started {
  loadNs: number;
}

export const STARTED_LAYOUT: Layout<Started> = [{ number: 1, name: 'loadNs', type: 'count', arity: 'one' }];

/** Answers TARGET. */
export interface Added {
  request: number;
  /** 0: observed. EPERM: the caller may not. ESRCH: no such process. */
  errno: number;
  /** Empty where errno says it all. */
  detail: string;
}

export const ADDED_LAYOUT: Layout<Added> = [
  { number: 1, name: 'request', type: 'u32', arity: 'one' },
  { number: 2, name: 'errno', type: 'u32', arity: 'one' },
  { number: 3, name: 'detail', type: 'text', arity: 'one' },
];

/** A mapped file, before the first stack that names it. A file that is written again is another object. */
export interface Object {
  /** KERNEL_OBJECT: /proc/kallsyms. One that was used before means this file from here on. */
  number: number;
  /** As the target sees it. */
  path: Uint8Array;
  buildId: Uint8Array;
  state?: FileState | undefined;
  /** A descriptor of the file, or of a copy, travels with the message. */
  hasDescriptor: boolean;
  isVdso: boolean;
  /** The descriptor is a sealed copy in memory: what the file becomes does not matter. */
  isCopy: boolean;
  /** What was mapped has been written over: there is nothing to read names from. */
  isReplaced: boolean;
}

export const OBJECT_LAYOUT: Layout<Object> = [
  { number: 1, name: 'number', type: 'u32', arity: 'one' },
  { number: 2, name: 'path', type: 'bytes', arity: 'one' },
  { number: 3, name: 'buildId', type: 'bytes', arity: 'one' },
  { number: 4, name: 'state', type: FILE_STATE_LAYOUT, arity: 'optional' },
  { number: 5, name: 'hasDescriptor', type: 'bool', arity: 'one' },
  { number: 6, name: 'isVdso', type: 'bool', arity: 'one' },
  { number: 7, name: 'isCopy', type: 'bool', arity: 'one' },
  { number: 8, name: 'isReplaced', type: 'bool', arity: 'one' },
];

/**
 * What was counted and what it cost so far; times in ns, memory in bytes. Once a second, for a client that
 * loses its sampler, with TICKED and with DONE.
 */
export interface Totals {
  fired: number;
  lost: readonly Loss[];
  /** Samples that were unwound in the sampler because their tables were not ready. */
  snapshots: number;
  snapshotsOverBudget: number;
  /** CPU time of the observed tasks since observation began. */
  targetCpuNs: number;
  /** CPU time of the sampler since it observed the first process. */
  samplerCpuNs: number;
  /** CPU time of the sampler before. */
  samplerLoadCpuNs: number;
  bpfRunNs: number;
  /** bpfRunNs is the kernel's own count, not an estimate from samples. */
  isKernelsCost: boolean;
  samplerPeakRssBytes: number;
  tableBytes: number;
  tablesEvicted: number;
  tablesRefused: number;
  tablesNs: number;
  attachToFirstSampleNs: number;
  /** Observed processes that have not ended. */
  stillRunning: number;
  /** The first of them. */
  stillRunningPids: readonly number[];
  /** How often the kernel paused an event that took too long. */
  throttled: number;
  /** Ticks that were due while an observed task held its CPU but did not come. */
  skippedTicks: number;
  /** CPU time that the host of a virtual machine took meanwhile, over all CPUs. */
  stolenNs: number;
  /** Threads and processes whose starter could not be stored: their samples have none. */
  startersFull: number;
  /** Forked processes that found no room in the kernel: neither they nor their descendants were observed. */
  processesFull: number;
  /** Forked processes that began without their parent's mappings. */
  spacesFull: number;
  /** Processes whose exit code found no room. */
  endsFull: number;
  /** How often the CPU time of a task found no room; then targetCpuNs is not exact. */
  runtimeBasesFull: number;
  /** How many processes can be observed at the same time. */
  maxProcesses: number;
  /** Processes that were left out after an exec changed their user or rights (setuid, file capabilities). */
  foreignExecs: number;
  /** Hits in observed processes that the caller may not profile; not part of fired. */
  foreignSamples: number;
  /** Only if requested. */
  unwindingCheck?: UnwindingCheck | undefined;
}

export const TOTALS_LAYOUT: Layout<Totals> = [
  { number: 1, name: 'fired', type: 'count', arity: 'one' },
  { number: 2, name: 'lost', type: LOSS_LAYOUT, arity: 'list' },
  { number: 3, name: 'snapshots', type: 'count', arity: 'one' },
  { number: 4, name: 'snapshotsOverBudget', type: 'count', arity: 'one' },
  { number: 5, name: 'targetCpuNs', type: 'count', arity: 'one' },
  { number: 6, name: 'samplerCpuNs', type: 'count', arity: 'one' },
  { number: 7, name: 'samplerLoadCpuNs', type: 'count', arity: 'one' },
  { number: 8, name: 'bpfRunNs', type: 'count', arity: 'one' },
  { number: 9, name: 'isKernelsCost', type: 'bool', arity: 'one' },
  { number: 10, name: 'samplerPeakRssBytes', type: 'count', arity: 'one' },
  { number: 11, name: 'tableBytes', type: 'count', arity: 'one' },
  { number: 12, name: 'tablesEvicted', type: 'count', arity: 'one' },
  { number: 13, name: 'tablesRefused', type: 'count', arity: 'one' },
  { number: 14, name: 'tablesNs', type: 'count', arity: 'one' },
  { number: 15, name: 'attachToFirstSampleNs', type: 'count', arity: 'one' },
  { number: 16, name: 'stillRunning', type: 'count', arity: 'one' },
  { number: 17, name: 'stillRunningPids', type: 'u32', arity: 'list' },
  { number: 18, name: 'throttled', type: 'count', arity: 'one' },
  { number: 19, name: 'skippedTicks', type: 'count', arity: 'one' },
  { number: 20, name: 'stolenNs', type: 'count', arity: 'one' },
  { number: 21, name: 'startersFull', type: 'count', arity: 'one' },
  { number: 22, name: 'processesFull', type: 'count', arity: 'one' },
  { number: 23, name: 'spacesFull', type: 'count', arity: 'one' },
  { number: 24, name: 'endsFull', type: 'count', arity: 'one' },
  { number: 25, name: 'runtimeBasesFull', type: 'count', arity: 'one' },
  { number: 26, name: 'maxProcesses', type: 'count', arity: 'one' },
  { number: 27, name: 'foreignExecs', type: 'count', arity: 'one' },
  { number: 28, name: 'foreignSamples', type: 'count', arity: 'one' },
  { number: 29, name: 'unwindingCheck', type: UNWINDING_CHECK_LAYOUT, arity: 'optional' },
];

/** Of each process of a TARGET without an ancestor. */
export interface ProcessNews {
  pid: number;
  /** CLOCK_MONOTONIC. */
  timeNs: bigint;
  end?: ProcessEnd | undefined;
  start?: ProcessStart | undefined;
}

export const PROCESS_NEWS_LAYOUT: Layout<ProcessNews> = [
  { number: 1, name: 'pid', type: 'u32', arity: 'one' },
  { number: 2, name: 'timeNs', type: 'u64', arity: 'one' },
  { number: 3, name: 'end', type: PROCESS_END_LAYOUT, arity: 'optional' },
  { number: 4, name: 'start', type: PROCESS_START_LAYOUT, arity: 'optional' },
];

/** Everything has come. */
export type Done = Record<never, never>;

export const DONE_LAYOUT: Layout<Done> = [];

/** A process writes the names of its JIT code there. */
export interface JitDump {
  pid: number;
  inode: bigint;
  path: Uint8Array;
  /** A descriptor of the file travels with the message. */
  hasDescriptor: boolean;
}

export const JIT_DUMP_LAYOUT: Layout<JitDump> = [
  { number: 1, name: 'pid', type: 'u32', arity: 'one' },
  { number: 2, name: 'inode', type: 'u64', arity: 'one' },
  { number: 3, name: 'path', type: 'bytes', arity: 'one' },
  { number: 4, name: 'hasDescriptor', type: 'bool', arity: 'one' },
];

/** Everything that was counted before the TICK of this number has come. */
export interface Ticked {
  number: number;
}

export const TICKED_LAYOUT: Layout<Ticked> = [{ number: 1, name: 'number', type: 'u32', arity: 'one' }];

/** Latencies that were counted in the kernel; none is sent yet. Optional. */
export interface Histogram {
  /** The place of its event in START's list. */
  event: number;
  /** Of what the latencies are; empty: of everything. */
  key: string;
  /** `nanoseconds`. */
  unit: string;
  sum: bigint;
  /** The value 0, and for each n from 0 on the values from 2^n to below 2^(n+1). */
  counts: readonly number[];
}

export const HISTOGRAM_LAYOUT: Layout<Histogram> = [
  { number: 1, name: 'event', type: 'u32', arity: 'one' },
  { number: 2, name: 'key', type: 'text', arity: 'one' },
  { number: 3, name: 'unit', type: 'text', arity: 'one' },
  { number: 4, name: 'sum', type: 'u64', arity: 'one' },
  { number: 5, name: 'counts', type: 'count', arity: 'list' },
];
