import type { CaptureSession } from '../capture/capture-session.js';
import type { Interrupts } from './signals/interrupts.js';
import type { Launched, PreparedTarget } from './targets/prepared-target.js';

/** A target that was started or found and is being sampled. */
export interface RunningTarget {
  target: PreparedTarget;
  launched: Launched;
  session: CaptureSession;
  interrupts: Interrupts;
}
