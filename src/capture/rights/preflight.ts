import { CaptureError } from '../capture-error.js';
import { readMachineFacts } from '../machine/machine-facts.js';
import { checkNativeParts } from '../machine/native-parts.js';
import { findElevation } from './elevation.js';
import { findConfinement, findMachineObstacle } from './obstacle.js';

let settled: { error: CaptureError | undefined } | undefined;

/** Remembers the result now, because this process is about to drop privileges that its sampler keeps. */
export function settleCanCapture(): void {
  try {
    checkCanCapture();
    settled = { error: undefined };
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error;
    settled = { error };
  }
}

/**
 * Throws CaptureError if this process cannot capture at all. Cheap enough to run before a build. Checks the machine
 * first, so that nobody looks for privileges that would not help.
 */
export function checkCanCapture(): void {
  if (settled?.error !== undefined) throw settled.error;
  if (settled !== undefined) return;
  if (process.platform !== 'linux') {
    throw new CaptureError({ code: 'kernel', why: 'platform', platform: process.platform });
  }
  checkNativeParts();
  const facts = readMachineFacts();
  const obstacle = findMachineObstacle(facts) ?? findConfinement(facts);
  if (obstacle !== undefined) throw obstacle;
  findElevation();
}
