import { chmodSync, lstatSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir as osTmpdir } from 'node:os';
import { join } from 'node:path';
import { CaptureError } from './capture-error.js';
import { isRunning } from './process-facts.js';
import { systemErrorText } from './system-error-text.js';

/** Leaves room for `/bee-PID-RANDOM/sampler` in a socket's 107 bytes. */
const MAX_TMPDIR_LENGTH = 70;
/** As `tmp` names what we make: `bee-PID-RANDOM`. */
const OURS = /^bee-(\d+)-\w+$/;

/** A folder for sockets where only this user may look. Those of runs that were killed are removed on the way. */
export async function makeSocketDirectory(): Promise<string> {
  const isFit = osTmpdir().length < MAX_TMPDIR_LENGTH && !/\s/.test(osTmpdir());
  const tmpdir = isFit ? osTmpdir() : '/tmp';
  try {
    const { dir } = await import('tmp-promise');
    removeStale(tmpdir);
    const { path } = await dir({ prefix: 'bee', mode: 0o700, tmpdir });
    chmodSync(path, 0o700); // whatever the umask
    return path;
  } catch (error) {
    throw new CaptureError(
      'no-directory',
      'make a folder for sockets',
      `${tmpdir}: ${systemErrorText(error)}`,
      'TMPDIR=/tmp   or another folder that exists',
    );
  }
}

/** A killed run's sampler removes its folder; here is what stays when both were killed. */
function removeStale(tmpdir: string): void {
  for (const name of readdirSync(tmpdir)) {
    const [, pid] = OURS.exec(name) ?? [];
    if (pid === undefined || isRunning(Number(pid))) continue;
    const path = join(tmpdir, name);
    if (isOurs(path)) rmSync(path, { recursive: true, force: true });
  }
}

/** Sockets, and the link to the gate, of this user. */
function isOurs(path: string): boolean {
  try {
    const { uid } = lstatSync(path);
    if (uid !== process.geteuid?.()) return false;
    return readdirSync(path).every((name) => {
      const found = lstatSync(join(path, name));
      return found.isSocket() || found.isSymbolicLink();
    });
  } catch {
    return false; // gone by now, or not to be looked into
  }
}
