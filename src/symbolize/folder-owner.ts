import { statSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Whether files made at this path would be root's in the folder of another user, who could not remove them: the HOME
 * that sudo or su left root with, for one.
 */
export function wouldBeRootsElsewhere(path: string, uid = process.geteuid?.()): boolean {
  return uid === 0 && ownerOf(path) !== 0;
}

/** Of the path, or of the nearest folder above it that exists. */
function ownerOf(path: string): number | undefined {
  try {
    return statSync(path).uid;
  } catch {
    return path === dirname(path) ? undefined : ownerOf(dirname(path));
  }
}
