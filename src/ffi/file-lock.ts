import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { thisFile } from './native-files.js';

const LOCK_EX = 2;
const LOCK_NB = 4;

/** Returns an errno, 0 for success. */
type Flock = (descriptor: number, operation: number) => number;

let flock: Flock | undefined;

/**
 * Locks an open file, or a folder, until the descriptor is closed or this process ends in any way (flock, which Node
 * does not have). Undefined: nobody can say here; false: another process holds it, in whatever container it runs.
 */
export function tryLock(descriptor: number): boolean | undefined {
  flock ??= declareFlock();
  const errno = flock(descriptor, LOCK_EX | LOCK_NB);
  if (errno === 0) return true;
  return errno === constants.errno.EWOULDBLOCK ? false : undefined;
}

/** Of the C library that Node itself has loaded. */
function declareFlock(): Flock {
  try {
    const koffi = createRequire(thisFile())('koffi') as typeof import('koffi');
    const call = koffi.load(null).func('int flock(int descriptor, int operation)');
    return (...args) => (call(...args) === 0 ? 0 : koffi.errno());
  } catch {
    return () => constants.errno.ENOSYS; // koffi has no build for this platform
  }
}
