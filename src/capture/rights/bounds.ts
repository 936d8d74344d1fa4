import { spawnSync } from 'node:child_process';
import type { CapturePlan, SamplerFailure } from '../../ffi/sampler-messages.js';
import { diagnoseStart } from './diagnose.js';
import { findElevation } from './elevation.js';

/** What all runs of a user together may take, of who may start the copy of `setup`. */
export interface Bounds {
  frequencyHz: number;
  /** Of the kernel's memory. */
  memoryMiB: number;
}

/** As the copy itself says; undefined where this user may not start it. */
export function boundsOf(copy: string): Bounds | undefined {
  const { status, stdout } = spawnSync(copy, ['--bounds'], { encoding: 'utf8' });
  return status === 0 ? (JSON.parse(stdout) as Bounds) : undefined;
}

/**
 * Throws the CaptureError with which the session would begin, before anything is built. The copy decides both times:
 * what other runs of this user take counts too, and may be more by then.
 */
export function checkWithinBounds(plan: CapturePlan): void {
  const { kind, command } = findElevation();
  if (kind !== 'setup') return;
  const sizes = [plan.frequencyHz, plan.tableMiB, plan.ringBytes].map(String);
  const { status, stdout } = spawnSync(command[0]!, ['--check', ...sizes], { encoding: 'utf8' });
  if (status !== 0 && stdout !== '') throw diagnoseStart(JSON.parse(stdout) as SamplerFailure, plan);
}
