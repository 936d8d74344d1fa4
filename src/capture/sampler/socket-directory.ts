import { chmodSync, mkdtempSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir as osTmpdir } from 'node:os';
import { join } from 'node:path';
import { CaptureError } from '../capture-error.js';
import { Hold, removeIfAbandoned } from './hold.js';

/** Leaves room for `/bee-sock-RANDOM/bee-gate` in a socket's 107 bytes. */
const MAX_TMPDIR_LENGTH = 70;
const PREFIX = 'bee-sock-';
const OURS = new RegExp(`^${PREFIX}\\w{6}$`);
/** Every name that we create in such a folder. */
const CONTENTS: readonly string[] = ['sampler', 'gate', 'bee-gate'];

/** A folder for sockets that only this user may enter. */
export class SocketDirectory {
  private constructor(
    readonly path: string,
    private readonly hold: Hold,
  ) {}

  /** Also removes the folders of runs that were killed. Throws CaptureError. */
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

  /** Lets that user create and reach the gate's socket. */
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

/** The sampler of a killed run removes its folder; this is for runs whose sampler was killed, too. */
function removeAbandoned(parent: string): void {
  for (const name of readdirSync(parent))
    if (OURS.test(name)) removeIfAbandoned(join(parent, name), removeContents);
}

/** Removes by name: in another user's TMPDIR, a recursive removal could be redirected elsewhere. */
function removeContents(path: string, inside: string): void {
  try {
    if (!readdirSync(inside).every((name) => CONTENTS.includes(name))) return;
    for (const name of CONTENTS) rmSync(join(inside, name), { force: true });
    rmdirSync(path);
  } catch {
    // a disk error, or somebody adds files to it
  }
}
