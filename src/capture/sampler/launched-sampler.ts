import { join } from 'node:path';
import { type Elevation, findElevation } from '../rights/elevation.js';
import { Sampler } from './sampler.js';
import { SocketDirectory } from './socket-directory.js';

/** A sampler that waits for its plan, with its socket's folder and how it got its rights. */
export interface LaunchedSampler {
  sampler: Sampler;
  directory: SocketDirectory;
  elevation: Elevation['kind'];
}

/** Starts the sampler in the first way that works. Throws CaptureError. */
export async function launchSampler(): Promise<LaunchedSampler> {
  const elevation = findElevation();
  const directory = SocketDirectory.make();
  try {
    const sampler = await Sampler.launch(elevation, join(directory.path, 'sampler'));
    return { sampler, directory, elevation: elevation.kind };
  } catch (error) {
    directory.remove();
    throw error;
  }
}
