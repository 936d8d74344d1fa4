import { chmodSync, mkdtempSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir as osTmpdir } from 'node:os';
import { join } from 'node:path';
import { CaptureError } from '../capture-error.js';
import { Hold, removeIfAbandoned } from './hold.js';

/** Leaves room for `/bee-sock-RANDOM/bee-gate` in a socket's 107 bytes. */
const MAX_TMPDIR_LENGTH = 70;
const PREFIX = 'bee-sock-';
const OURS = new RegExp(`^${PREFIX}\\w{6}$`);
/** All that we make in such a folder. */
const CONTENTS: readonly string[] = ['sampler', 'gate', 'bee-gate'];

/** A folder for sockets where only this user may look. */
export class SocketDirectory {
  private constructor(
    readonly path: string,
    private readonly hold: Hold,
  ) {}

  /** Those of runs that were killed are removed on the way. Throws CaptureError. */
  static make(): SocketDirectory {
    const isFit = osTmpdir().length < MAX_TMPDIR_LENGTH && !/\s/.test(osTmpdir());
    const parent = isFit ? osTmpdir() : '/tmp';
    try {
      removeAbandoned(parent);
      const { path, hold } = Hold.make(() => makeFolder(parent));
      return new SocketDirectory(path, hold);
    } catch (error) {
      throw new CaptureError({ code: 'no-directory', parent }, error as Error);
    }
  }

  /** The gate's socket is made, and reached, by that user. */
  giveTo({ uid, gid }: { uid: number; gid: number }): void {
    this.hold.giveTo(uid, gid);
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
    this.hold.release();
  }
}

function makeFolder(parent: string): string {
  const path = mkdtempSync(join(parent, PREFIX));
  chmodSync(path, 0o700); // whatever the umask
  return path;
}

/** A killed run's sampler removes its folder; here is what stays when both were killed. */
function removeAbandoned(parent: string): void {
  for (const name of readdirSync(parent))
    if (OURS.test(name)) removeIfAbandoned(join(parent, name), removeContents);
}

/** Name by name: in a TMPDIR of another user, a removal of all that is below may be led elsewhere. */
function removeContents(path: string, inside: string): void {
  try {
    if (!readdirSync(inside).every((name) => CONTENTS.includes(name))) return;
    for (const name of CONTENTS) rmSync(join(inside, name), { force: true });
    rmdirSync(path);
  } catch {
    // a disk error, or somebody puts files into it
  }
}
