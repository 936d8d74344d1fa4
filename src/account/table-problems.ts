import type { CaptureTotals } from '../capture/raw-profile.js';
import type { CapturePlan } from '../ffi/sampler-messages.js';
import type { Problem } from './problem-list.js';

/** The files themselves are problems of the capture; this is how many, and what to type. */
export function tableProblems({ tablesRefused }: CaptureTotals, { tableMiB }: CapturePlan): Problem[] {
  if (tablesRefused === 0) return [];
  const tables = tablesRefused === 1 ? '1 unwind table' : `${tablesRefused} unwind tables`;
  const message = `${tables} found no room in ${tableMiB} MB beside those in use: --table-memory gives more`;
  return [{ code: 'table-memory', message }];
}
