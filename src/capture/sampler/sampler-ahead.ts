import { CaptureError } from '../capture-error.js';
import { checkCanCapture, settleCanCapture } from '../rights/preflight.js';
import { type LaunchedSampler, launchSampler } from './launched-sampler.js';

// Privileges are the process's, and so is what it started with them.
let ahead: LaunchedSampler | CaptureError | undefined;

/**
 * Starts the sampler while this process is root, for the session that is opened when it has become `user`. The
 * plan is known only when cargo has told of the project, and cargo is not to be asked by root. Why it could not be
 * started is thrown where the session is opened: what needs no sampler goes on.
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

/** Once. Throws what `startSamplerAhead` met. */
export function takeSamplerAhead(): LaunchedSampler | undefined {
  const taken = ahead;
  ahead = undefined;
  if (taken instanceof CaptureError) throw taken;
  return taken;
}
