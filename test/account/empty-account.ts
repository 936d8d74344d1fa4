import { accountOf, noMeasurements } from '../../src/account/account.js';
import type { Account } from '../../src/account/summary.js';

/** Of a run at 997 Hz in which nothing was sampled. */
export function emptyAccount(): Account {
  return accountOf({ event: 'cpu-clock', frequencyHz: 997, unwinder: 'dwarf' }, noMeasurements(), []);
}
