import { CaptureError } from '../capture-error.js';
import { readMachineFacts } from '../machine/machine-facts.js';
import { checkNativeParts } from '../machine/native-parts.js';
import { findElevation } from './elevation.js';
import { findConfinement, findMachineObstacle } from './obstacle.js';

let settled: { error: CaptureError | undefined } | undefined;

/** Keeps today's answer: this process is about to give up the privileges that its sampler has. */
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
 * Throws CaptureError when this process cannot capture at all; cheap, so that it can run before a build. What the
 * machine lacks comes first: no privilege would help, and nobody should look for some in vain.
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
