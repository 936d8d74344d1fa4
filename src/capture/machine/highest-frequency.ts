import { loadLibbee } from '../../ffi/libbee.js';

/** Of each CPU's time, for ticks alone: what is left must do for the samples, and for whatever else the machine does. */
const MAX_TICK_SHARE = 0.9;

/**
 * The sampling rate in Hz beyond which this machine would do nothing but tick: near 50,000 on virtual machines whose host is
 * asked for each tick, far above the kernel's own limit elsewhere. Infinite where this user may not measure it. Takes 40 ms.
 */
export function highestFrequencyHz(): number {
  try {
    return Math.floor((MAX_TICK_SHARE * 1e9) / Math.max(1, loadLibbee().tickCostNs()));
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
