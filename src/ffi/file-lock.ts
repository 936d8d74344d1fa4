import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { thisFile } from './native-files.js';

const LOCK_EX = 2;
const LOCK_NB = 4;

/** Returns an errno, 0 for success. */
type Flock = (descriptor: number, operation: number) => number;

let flock: Flock | undefined;

/**
 * Locks an open file or folder until the descriptor is closed or this process ends in any way (flock, which Node
 * lacks). False: another process holds it, in this or another container. Undefined: locks are not available here.
 */
export function tryLock(descriptor: number): boolean | undefined {
  flock ??= declareFlock();
  const errno = flock(descriptor, LOCK_EX | LOCK_NB);
  if (errno === 0) return true;
  return errno === constants.errno.EWOULDBLOCK ? false : undefined;
}

/** Binds flock of the C library that Node itself has loaded. */
function declareFlock(): Flock {
  try {
    const koffi = createRequire(thisFile())('koffi') as typeof import('koffi');
    const call = koffi.load(null).func('int flock(int descriptor, int operation)');
    return (...args) => (call(...args) === 0 ? 0 : koffi.errno());
  } catch {
    return () => constants.errno.ENOSYS; // koffi has no build for this platform
  }
}
