export type Counts = Record<string, number>;

/** The summary JSON as the contract declares it; only what the tests read. */
export interface Summary {
  schema: string;
  version: string;
  exit: {
    code: number;
    source: 'target' | 'cargo' | 'profiler' | 'usage' | 'privilege' | 'require';
    signal: string | null;
  };
  targets: SummaryTarget[];
  event: { name: string; frequencyHz: number; throttled: number; skipped: number; stolenNs: number };
  unwinder: 'dwarf' | 'fp';
  elevation: string;
  samples: { fired: number; expected: number; delivered: number; unaccounted: number; lost: Counts };
  stacks: { user: number; complete: number; maxDepth: number; incomplete: Counts };
  frames: {
    user: number;
    symbolized: number;
    withLine: number;
    inlined: number;
    kernel: number;
    kernelSymbolized: number;
    stale: number;
    by: Counts;
  };
  names: {
    ahead: number;
    fromDisk: number;
    resolved: number;
    evicted: number;
    damagedFiles: number;
    unwrittenFiles: number;
  };
  unwindingCheck?: {
    checked: number;
    prefixOnly: number;
    differing: number;
    differ: number;
    unchecked: number;
    impossibleCallers: number;
    falseRoots: number;
  };
  cost: {
    source: string;
    targetCpuNs: number;
    samplerCpuNs: number;
    bpfRunNs: number;
    samplerPeakRssBytes: number;
    cliPeakRssBytes: number;
    tableBytes: number;
    tablesEvicted: number;
    tablesRefused: number;
  };
  phasesNs: Counts;
  outputs: { path: string; format: string; root?: string; bytes: number }[];
  problems: { code: string; message: string; count: number }[];
}

export interface SummaryTarget {
  argv: string[];
  pid: number;
  uid: number;
  package?: string;
  kind: string;
  exitCode: number | null;
  signal: string | null;
}

/** Complete stacks in percent; as in the contract, threads caught in their exit are left out. */
export function completePercent({ stacks }: Summary): number {
  const counted = stacks.user - (stacks.incomplete.exiting ?? 0);
  return counted === 0 ? 0 : (100 * stacks.complete) / counted;
}

/** User frames found by CFI in percent of all user frames. */
export function cfiPercent({ frames }: Summary): number {
  return frames.user === 0 ? 0 : (100 * (frames.by.cfi ?? 0)) / frames.user;
}

export function symbolizedPercent({ frames }: Summary): number {
  return frames.user === 0 ? 0 : (100 * frames.symbolized) / frames.user;
}
