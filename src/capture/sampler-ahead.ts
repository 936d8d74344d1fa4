import { chownSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CaptureError } from './capture-error.js';
import { checkCanCapture, settleCanCapture } from './preflight.js';
import { Sampler } from './sampler.js';
import { makeSocketDirectory } from './socket-directory.js';

/** A sampler that waits for its plan, and the folder of its socket. */
export interface SamplerAhead {
  sampler: Sampler;
  directory: string;
}

// Privileges are the process's, and so is what it started with them.
let ahead: SamplerAhead | CaptureError | undefined;

/**
 * Starts the sampler while this process is root, for the session that is opened when it has become the user `uid`. The
 * plan is known only when cargo has told of the project, and cargo is not to be asked by root. Why it could not be
 * started is thrown where the session is opened: what needs no sampler goes on.
 */
export async function startSamplerAhead({ uid, gid }: { uid: number; gid: number }): Promise<void> {
  settleCanCapture();
  try {
    checkCanCapture();
    const directory = await makeSocketDirectory();
    try {
      ahead = { directory, sampler: await Sampler.launch(join(directory, 'sampler')) };
      chownSync(directory, uid, gid); // the gate's socket is made, and reached, by the user
    } catch (error) {
      await rm(directory, { recursive: true, force: true });
      throw error;
    }
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error;
    ahead = error;
  }
}

/** Once. Throws what `startSamplerAhead` met. */
export function takeSamplerAhead(): SamplerAhead | undefined {
  const taken = ahead;
  ahead = undefined;
  if (taken instanceof CaptureError) throw taken;
  return taken;
}
