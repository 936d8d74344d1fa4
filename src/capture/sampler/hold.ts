import { closeSync, constants, fchownSync, fstatSync, lstatSync, openSync } from 'node:fs';
import { tryLock } from '../../ffi/file-lock.js';

const ATTEMPTS = 3;

const { O_RDONLY, O_RDWR, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK } = constants;

/**
 * A lock on a file or folder that a run creates and later removes. The kernel releases it however the run ends, so
 * anything unlocked was left behind. A process id in the name would say less: ids are reused, and in another container
 * they mean another process.
 */
export class Hold {
  #descriptor: number | undefined;

  private constructor(descriptor: number | undefined) {
    this.#descriptor = descriptor;
  }

  /**
   * Calls `make`, which returns the path that it creates, and locks that. Before it is locked, another run may remove
   * it as left behind; then `make` is called again.
   */
  static make(make: () => string): { path: string; hold: Hold } {
    for (let attempt = 1; ; attempt++) {
      const path = make();
      const hold = Hold.#take(path);
      if (hold !== undefined) return { path, hold };
      // Three failures mean that on this file system a name and a descriptor cannot be compared.
      if (attempt === ATTEMPTS) return { path, hold: new Hold(undefined) };
    }
  }

  static #take(path: string): Hold | undefined {
    const descriptor = open(path);
    if (descriptor === undefined) return isThere(path) ? new Hold(undefined) : undefined;
    const isLocked = tryLock(descriptor);
    const hold = new Hold(descriptor);
    // If the file system has no locks, no other run can find it unlocked.
    if (isLocked === undefined || (isLocked && isSame(path, descriptor))) return hold;
    hold.release();
    return undefined;
  }

  /** Changes the owner by descriptor, because the name may lead elsewhere by now. */
  giveTo(uid: number, gid: number): void {
    if (this.#descriptor !== undefined) fchownSync(this.#descriptor, uid, gid);
  }

  release(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }
}

/**
 * Calls `remove` if `path` is this user's and no run holds it. `inside` names the same file or folder by descriptor: in
 * another user's folder the name may lead elsewhere by then.
 */
export function removeIfAbandoned(path: string, remove: (path: string, inside: string) => void): void {
  if (lstatSync(path, { throwIfNoEntry: false })?.uid !== process.geteuid?.()) return;
  const descriptor = open(path);
  if (descriptor === undefined) return;
  try {
    if (tryLock(descriptor) === true && isSame(path, descriptor)) remove(path, `/proc/self/fd/${descriptor}`);
  } finally {
    closeSync(descriptor);
  }
}

/** Opens a file for writing, too, because locks need it over NFS. Undefined if we may not open it, or it is gone. */
function open(path: string): number | undefined {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (!found?.isFile() && !found?.isDirectory()) return undefined;
  const flags = found.isDirectory() ? O_RDONLY | O_DIRECTORY : O_RDWR;
  try {
    return openSync(path, flags | O_NOFOLLOW | O_NONBLOCK);
  } catch {
    return undefined;
  }
}

function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

function isSame(path: string, descriptor: number): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false });
  const held = fstatSync(descriptor);
  return found?.ino === held.ino && found.dev === held.dev;
}
