import type { OutcomeName } from '../ffi/layout.js';

/** A mapped file, by the sampler's number. `path` as the target sees it, `buildId` in hex. */
export interface RawObject {
  id: number;
  path: string;
  buildId: string;
  isVdso: boolean;
}

/** A unique stack before symbolization; user frames are words (see ffi/stack-record), leaf first. */
export interface RawSample {
  timeNs: bigint;
  pid: number;
  tid: number;
  comm: string;
  cpu: number;
  count: number;
  outcome: OutcomeName;
  userFrames: BigUint64Array;
  kernelFrames: BigUint64Array;
}

/** What the kernel program and the sampler counted. `lost` by cause (ffi/layout's LOSS_NAMES). */
export interface CaptureTotals {
  fired: number;
  lost: Record<string, number>;
  expectedNs: bigint;
  targetCpuNs: bigint;
  samplerCpuNs: bigint;
  bpfRunNs: bigint;
  samplerPeakRssBytes: number;
  tableBytes: number;
  tablesNs: bigint;
  throttled: number;
  costSource: 'kernel' | 'sampled';
}

export interface RawProfile {
  objects: RawObject[];
  samples: RawSample[];
  totals: CaptureTotals;
}
