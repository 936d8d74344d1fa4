import type { CaptureTotals } from '../../capture/raw-profile.js';
import type { CapturePlan } from '../../ffi/sampler-messages.js';
import type { Problem } from './problem-list.js';

/** The capture reports each file; this reports their number and the flag that helps. */
export function tableProblems({ tablesRefused }: CaptureTotals, { tableMiB }: CapturePlan): Problem[] {
  if (tablesRefused === 0) return [];
  const tables = tablesRefused === 1 ? '1 unwind table' : `${tablesRefused} unwind tables`;
  const message = `${tables} did not fit into ${tableMiB} MB beside those in use: raise --table-memory`;
  return [{ code: 'table-memory', message }];
}
