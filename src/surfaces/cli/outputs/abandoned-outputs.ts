import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { removeIfAbandoned } from '../../../capture/sampler/hold.js';

/** What a run that was killed leaves beside its outputs: `.out.svg.bee-1a2b3c4d.tmp`, `.out.svg.bee-lock`. */
const OURS = /^\..+\.bee-(?:[0-9a-f]{8}\.tmp|lock)$/;
/** Of a name in the strictest of usual file systems, eCryptfs; what is longer is spelled by its hash. */
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
 * Removes what killed runs have left in a folder of outputs. Not `O_TMPFILE`, which leaves nothing: Node cannot link
 * such a file to a name, and a rename replaces.
 */
export function removeAbandonedOutputs(directory: string): void {
  for (const name of namesIn(directory))
    if (OURS.test(name)) removeIfAbandoned(join(directory, name), removeQuietly);
}

/** What cannot be removed is on a disk that has other troubles, which somebody else tells of. */
export function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // as said
  }
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return []; // whoever opens a file there says what is wrong with the folder
  }
}
