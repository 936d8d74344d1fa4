import { spawnSync } from 'node:child_process';
import type { CapturePlan, SamplerFailure } from '../../ffi/sampler-messages.js';
import { diagnoseStart } from './diagnose.js';
import { findElevation } from './elevation.js';

/** Limits for all runs together of one user of the installed copy. */
export interface Bounds {
  frequencyHz: number;
  /** Kernel memory. */
  memoryMiB: number;
}

/** Asks the copy itself; undefined if this user may not start it. */
export function boundsOf(copy: string): Bounds | undefined {
  const { status, stdout } = spawnSync(copy, ['--bounds'], { encoding: 'utf8' });
  return status === 0 ? (JSON.parse(stdout) as Bounds) : undefined;
}

/**
 * Throws, before anything is built, the CaptureError that the session would start with. The copy decides again at the
 * session's start: other runs of this user count, too, and may take more by then.
 */
export function checkWithinBounds(plan: CapturePlan): void {
  const { kind, command } = findElevation();
  if (kind !== 'setup') return;
  const sizes = [plan.frequencyHz, plan.tableMiB, plan.ringBytes].map(String);
  const { status, stdout } = spawnSync(command[0]!, ['--check', ...sizes], { encoding: 'utf8' });
  if (status !== 0 && stdout !== '') throw diagnoseStart(JSON.parse(stdout) as SamplerFailure, plan);
}
