import type { MappedObject, RawBatch, RawFrames } from '../ffi/raw-batch.js';

export type { RawBatch, RawFrames, RawIncrements, RawStack } from '../ffi/raw-batch.js';

export type RawObject = MappedObject;

/**
 * What the BPF programs and the sampler counted: the sampler's TOTALS. Times in ns (exact below 2^53, which
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

/** Two batches that were taken one after the other, as one. */
export function joinBatches(first: RawBatch, next: RawBatch): RawBatch {
  const stacks = [...first.stacks, ...next.stacks];
  const counts = new Float64Array(stacks.length);
  for (const { increments } of [first, next])
    for (const [index, stack] of increments.stacks.entries()) counts[stack]! += increments.counts[index]!;
  return {
    objects: [...first.objects, ...next.objects],
    frames: joinFrames(first.frames, next.frames),
    stacks,
    increments: { stacks: Uint32Array.from(counts.keys()), counts },
  };
}

function joinFrames(first: RawFrames, next: RawFrames): RawFrames {
  const length = first.length + next.length;
  const joined = <Column extends RawFrames[Exclude<keyof RawFrames, 'length'>]>(
    column: Column,
    before: Column,
    after: Column,
  ): Column => {
    column.set(before as never);
    column.set(after as never, before.length);
    return column;
  };
  return {
    length,
    addresses: joined(new BigUint64Array(length), first.addresses, next.addresses),
    objects: joined(new Uint32Array(length), first.objects, next.objects),
    pids: joined(new Uint32Array(length), first.pids, next.pids),
    rules: joined(new Uint8Array(length), first.rules, next.rules),
  };
}

/** Everything since the start, as one batch. */
export interface RawProfile extends RawBatch {
  totals: CaptureTotals;
}

export function hitCount({ increments }: RawBatch): number {
  return increments.counts.reduce((sum, count) => sum + count, 0);
}

/** Hits of the processes that one request put under observation. */
export function hitCountOfRoot({ stacks, increments }: RawBatch, root: number): number {
  return increments.counts.reduce(
    (sum, count, index) => (stacks[increments.stacks[index]!]!.root === root ? sum + count : sum),
    0,
  );
}
