import { lstatSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isRunning } from '../../capture/process-facts.js';

/** What a run that was killed leaves beside its outputs: `.out.svg.bee-PID.tmp`, and links to `bee-PID`. */
const TEMPORARY = /^\..+\.bee-(\d+)\.tmp$/;
const LOCK = /^\..+\.bee-lock$/;
const LOCK_OWNER = /^bee-(\d+)$/;

export function temporaryName(name: string): string {
  return `.${name}.bee-${process.pid}.tmp`;
}

export function lockName(name: string): string {
  return `.${name}.bee-lock`;
}

/** What a lock links to. A link is made and named in one step, so that no lock is ever without its owner. */
export function lockOwner(): string {
  return `bee-${process.pid}`;
}

/**
 * Removes what killed runs have left in a folder of outputs: files of our naming, of this user, whose process has
 * ended. Not `O_TMPFILE`, which leaves nothing: Node cannot link such a file to a name, and a rename replaces.
 */
export function removeStaleReservations(directory: string): void {
  for (const name of namesIn(directory)) {
    const path = join(directory, name);
    const pid = reservedBy(name, path);
    if (pid !== undefined && !isRunning(pid) && isOurs(path)) rmSync(path, { force: true });
  }
}

function reservedBy(name: string, path: string): number | undefined {
  const [, pid] = TEMPORARY.exec(name) ?? (LOCK.test(name) ? LOCK_OWNER.exec(linkOf(path)) : null) ?? [];
  return pid === undefined ? undefined : Number(pid);
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return []; // whoever opens a file there says what is wrong with the folder
  }
}

function isOurs(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.uid === process.geteuid?.();
}
