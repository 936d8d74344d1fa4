import type { RawBatch, RawObject, RawStack } from '../../src/capture/raw-profile.js';
import { FRAME_RULE_NAMES, type FrameRuleName } from '../../src/ffi/record-names.js';
import { KERNEL_OBJECT } from '../../src/ffi/symbolizer.js';

export interface DrawnFrame {
  object: number;
  address: bigint;
  rule: FrameRuleName;
}

/** Frames are leaf first. */
export interface DrawnSample extends Omit<RawStack, 'frames' | 'kernelFrameCount'> {
  count: number;
  userFrames: readonly DrawnFrame[];
  kernelFrames: readonly bigint[];
}

export function drawnSample(fields: Partial<DrawnSample>): DrawnSample {
  return {
    timeNs: 0n,
    root: 1,
    pid: 100,
    tid: 101,
    comm: 'app',
    starter: undefined,
    cpu: 0,
    event: 0,
    count: 1,
    outcome: 'complete',
    userFrames: [],
    kernelFrames: [],
    ...fields,
  };
}

interface Column {
  address: bigint;
  object: number;
  pid: number;
  rule: number;
}

/** Batches as libbee gives them: each frame and each stack is told once, and the rows of the next batch go on. */
export class DrawnRun {
  readonly #frames = new Map<string, number>();
  readonly #stacks = new Map<string, number>();

  batch(samples: readonly DrawnSample[], objects: readonly RawObject[] = []): RawBatch {
    const frames: Column[] = [];
    const stacks: RawStack[] = [];
    const hits = new Map<number, number>();
    for (const { count, userFrames, kernelFrames, ...owner } of samples) {
      const user = userFrames.map(({ object, address, rule }) => {
        const pid = object === 0 ? owner.pid : 0;
        return this.#frame({ address, object, pid, rule: FRAME_RULE_NAMES.indexOf(rule) }, frames);
      });
      const kernel = kernelFrames.map((address) =>
        this.#frame({ address, object: KERNEL_OBJECT, pid: 0, rule: 0 }, frames),
      );
      const rows = Uint32Array.of(...kernel, ...user);
      const row = this.#stack({ ...owner, frames: rows, kernelFrameCount: kernel.length }, stacks);
      hits.set(row, (hits.get(row) ?? 0) + count);
    }
    const ascending = [...hits].sort(([one], [other]) => one - other);
    return {
      objects,
      frames: {
        length: frames.length,
        addresses: BigUint64Array.from(frames, ({ address }) => address),
        objects: Uint32Array.from(frames, ({ object }) => object),
        pids: Uint32Array.from(frames, ({ pid }) => pid),
        rules: Uint8Array.from(frames, ({ rule }) => rule),
      },
      stacks,
      increments: {
        stacks: Uint32Array.from(ascending, ([stack]) => stack),
        counts: Float64Array.from(ascending, ([, count]) => count),
      },
    };
  }

  #frame(frame: Column, fresh: Column[]): number {
    return rowOf(this.#frames, Object.values(frame).join(), () => fresh.push(frame));
  }

  #stack(stack: RawStack, fresh: RawStack[]): number {
    const { timeNs, cpu, ...content } = stack;
    const key = JSON.stringify({ ...content, frames: [...content.frames] });
    return rowOf(this.#stacks, key, () => fresh.push(stack));
  }
}

function rowOf(rows: Map<string, number>, key: string, add: () => void): number {
  const known = rows.get(key);
  if (known !== undefined) return known;
  add();
  rows.set(key, rows.size);
  return rows.size - 1;
}
