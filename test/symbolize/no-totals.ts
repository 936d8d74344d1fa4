import type { CaptureTotals } from '../../src/capture/raw-profile.js';

/** Totals of a run that never was; symbolization does not look at them. */
export const NO_TOTALS: CaptureTotals = {
  fired: 0,
  lost: {},
  snapshots: 0,
  stillRunning: 0,
  stillRunningPids: [],
  snapshotsOverBudget: 0,
  samplerLoadCpuNs: 0,
  attachToFirstSampleNs: 0,
  targetCpuNs: 0,
  samplerCpuNs: 0,
  bpfRunNs: 0,
  samplerPeakRssBytes: 0,
  tableBytes: 0,
  tablesEvicted: 0,
  tablesRefused: 0,
  tablesNs: 0,
  throttled: 0,
  skippedTicks: 0,
  stolenNs: 0,
  startersFull: 0,
  foreignExecs: 0,
  foreignSamples: 0,
  costSource: 'kernel',
};
