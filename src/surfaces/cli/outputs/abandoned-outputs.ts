import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { removeIfAbandoned } from '../../../capture/sampler/hold.js';

/** What a killed run leaves next to its outputs: `.out.svg.bee-1a2b3c4d.tmp`, `.out.svg.bee-lock`. */
const OURS = /^\..+\.bee-(?:[0-9a-f]{8}\.tmp|lock)$/;
/** The limit of the strictest common file system, eCryptfs; longer names are replaced by their hash. */
const MAX_NAME_BYTES = 143;
const OUR_PART_BYTES = '..bee-12345678.tmp'.length;

export function temporaryName(name: string): string {
  return `.${fitting(name)}.bee-${randomBytes(4).toString('hex')}.tmp`;
}

export function lockName(name: string): string {
  return `.${fitting(name)}.bee-lock`;
}

function fitting(name: string): string {
  if (Buffer.byteLength(name) + OUR_PART_BYTES <= MAX_NAME_BYTES) return name;
  return createHash('sha256').update(name).digest('hex').slice(0, 16);
}

/**
 * Removes what killed runs left in an output folder. `O_TMPFILE` would leave nothing, but Node cannot link such a file to a
 * name, and only a rename replaces an existing file.
 */
export function removeAbandonedOutputs(directory: string): void {
  for (const name of namesIn(directory))
    if (OURS.test(name)) removeIfAbandoned(join(directory, name), removeQuietly);
}

/** Ignores errors: the disk then has other problems, which are reported elsewhere. */
export function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // ignored, see above
  }
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return []; // opening a file there reports what is wrong with the folder
  }
}
