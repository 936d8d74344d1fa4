import { loadLibbee } from '../../ffi/libbee.js';

/** The share of each CPU's time that ticks alone may take; the rest is for the samples and everything else. */
const MAX_TICK_SHARE = 0.9;

/**
 * The highest sampling rate in Hz at which this machine still does more than tick: near 50,000 on virtual machines that
 * ask their host for each tick, far above the kernel's own limit elsewhere. Infinite if this user may not measure it.
 * Takes 40 ms.
 */
export function highestFrequencyHz(): number {
  try {
    return Math.floor((MAX_TICK_SHARE * 1e9) / Math.max(1, loadLibbee().tickCostNs()));
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
