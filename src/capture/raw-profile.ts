import type { MappedObject } from '../ffi/sampler-connection.js';
import type { StackRecord } from '../ffi/stack-record.js';

/** A mapped file, by the sampler's number. */
export type RawObject = MappedObject;

/** A unique stack before symbolization; user frames are words (see ffi/stack-record), leaf first. */
export type RawSample = StackRecord;

/**
 * What the BPF program and the sampler counted: the JSON of the sampler's TOTALS. Times in ns (exact below 2^53,
 * which is 104 days), memory in bytes, `lost` by cause (ffi/layout's LOSS_NAMES).
 */
export interface CaptureTotals {
  fired: number;
  lost: Record<string, number>;
  /** Samples that were unwound in the sampler because their tables were not ready. */
  snapshots: number;
  snapshotsOverBudget: number;
  /** CPU time of the observed tasks since observation began. */
  targetCpuNs: number;
  /** CPU time of the sampler after it had observed the first process, and before. */
  samplerCpuNs: number;
  samplerLoadCpuNs: number;
  bpfRunNs: number;
  samplerPeakRssBytes: number;
  tableBytes: number;
  tablesEvicted: number;
  tablesRefused: number;
  tablesNs: number;
  attachToFirstSampleNs: number;
  /** Observed processes that go on. */
  stillRunning: number;
  /** The first of them. */
  stillRunningPids: number[];
  /** How often the kernel paused an event that took too much time. */
  throttled: number;
  /** Ticks that were due while an observed task kept its CPU, and did not come. */
  skippedTicks: number;
  /** CPU time that the host of a virtual machine took meanwhile, over all CPUs. */
  stolenNs: number;
  /** Threads and processes whose starter could not be noted: their samples have none. */
  startersFull: number;
  /** Forked processes that found no room in the kernel: they were not observed, nor what they started. */
  processesFull: number;
  /** Forked processes that began without their parent's mappings. */
  spacesFull: number;
  /** Processes whose exit code found no room. */
  endsFull: number;
  /** How often the CPU time of a task found no room: `targetCpuNs` is not exact. */
  runtimeBasesFull: number;
  /** How many processes can be observed at a time. */
  maxProcesses: number;
  /** Processes that were left out from an exec on that changed their user or rights (setuid, file capabilities). */
  foreignExecs: number;
  /** Hits in observed processes that the caller may not profile; they have not fired. */
  foreignSamples: number;
  costSource: 'kernel' | 'sampled';
  /** Where it was asked for. */
  unwindingCheck?: UnwindingCheck;
}

/**
 * Stacks that were unwound a second time and compared. `prefixOnly` of `checked`: the copied slice of stack ended first,
 * and as far as it went the frames are the same. `unchecked`: no room for them in the ring, or they came too late.
 * Two walks by the same rules can be wrong together, so the frames are looked at themselves: `impossibleCallers` have a
 * return address that does not follow a call instruction, and `falseRoots` are stacks that count as complete though
 * their outermost frame can return, which no start of a thread does.
 */
export interface UnwindingCheck {
  checked: number;
  prefixOnly: number;
  differing: number;
  unchecked: number;
  impossibleCallers: number;
  falseRoots: number;
}

export interface RawProfile {
  objects: RawObject[];
  samples: RawSample[];
  totals: CaptureTotals;
}
