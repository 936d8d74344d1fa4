import type { MappedObject, RawBatch, RawFrames } from '../ffi/raw-batch.js';
import type { CaptureTotals } from '../ffi/sampler-messages.js';

export type { RawBatch, RawFrames, RawIncrements, RawStack } from '../ffi/raw-batch.js';
export type { CaptureTotals, UnwindingCheck } from '../ffi/sampler-messages.js';

export type RawObject = MappedObject;

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
