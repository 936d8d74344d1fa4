import { CaptureError } from '../capture-error.js';
import { checkCanCapture, settleCanCapture } from '../rights/preflight.js';
import { type LaunchedSampler, launchSampler } from './launched-sampler.js';

// Global, because privileges belong to the process, and so does a sampler that it started with them.
let ahead: LaunchedSampler | CaptureError | undefined;

/**
 * Starts the sampler while this process is root, for the session that it opens after becoming `user`. The plan comes
 * later, because it depends on what cargo says about the project, and cargo must not run as root. A failure is thrown
 * when the session is opened, so that what needs no sampler goes on.
 */
export async function startSamplerAhead(user: { uid: number; gid: number }): Promise<void> {
  settleCanCapture();
  try {
    checkCanCapture();
    const launched = await launchSampler();
    launched.directory.giveTo(user);
    ahead = { ...launched, elevation: 'sudo' };
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error;
    ahead = error;
  }
}

/** Hands it out once. Throws the error of `startSamplerAhead`. */
export function takeSamplerAhead(): LaunchedSampler | undefined {
  const taken = ahead;
  ahead = undefined;
  if (taken instanceof CaptureError) throw taken;
  return taken;
}
