import type { MappedObject } from '../ffi/sampler-connection.js';
import type { StackRecord } from '../ffi/stack-record.js';

/** A mapped file; `id` is the sampler's number for it. */
export type RawObject = MappedObject;

/** A unique stack before symbolization; user frames are words (see ffi/stack-record), leaf first. */
export type RawSample = StackRecord;

/**
 * What the BPF programs and the sampler counted: the JSON of the sampler's TOTALS. Times in ns (exact below 2^53, which
 * is 104 days), memory in bytes, `lost` by cause (LOSS_NAMES of ffi/record-names.ts).
 */
export interface CaptureTotals {
  fired: number;
  lost: Record<string, number>;
  /** Samples that were unwound in the sampler because their tables were not ready. */
  snapshots: number;
  snapshotsOverBudget: number;
  /** CPU time of the observed tasks since observation began. */
  targetCpuNs: number;
  /** CPU time of the sampler since it observed the first process; `samplerLoadCpuNs`: before. */
  samplerCpuNs: number;
  samplerLoadCpuNs: number;
  bpfRunNs: number;
  samplerPeakRssBytes: number;
  tableBytes: number;
  tablesEvicted: number;
  tablesRefused: number;
  tablesNs: number;
  attachToFirstSampleNs: number;
  /** Observed processes that have not ended. */
  stillRunning: number;
  /** The first of them. */
  stillRunningPids: number[];
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
  /** How often the CPU time of a task found no room; then `targetCpuNs` is not exact. */
  runtimeBasesFull: number;
  /** How many processes can be observed at the same time. */
  maxProcesses: number;
  /** Processes that were left out after an exec changed their user or rights (setuid, file capabilities). */
  foreignExecs: number;
  /** Hits in observed processes that the caller may not profile; not part of `fired`. */
  foreignSamples: number;
  costSource: 'kernel' | 'sampled';
  /** Only if requested. */
  unwindingCheck?: UnwindingCheck;
}

/**
 * Stacks that were unwound a second time and compared. `prefixOnly`, part of `checked`: the copied slice of stack ended
 * first, and the frames agree up to there. `unchecked`: no room in the ring, or too late. Two walks by the same rules
 * can be wrong together, so the frames themselves are checked: `impossibleCallers` are frames whose return address does
 * not follow a call instruction; `falseRoots` are stacks that count as complete although their outermost frame can
 * return, which no start of a thread does.
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
