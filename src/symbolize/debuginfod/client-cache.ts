import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { wouldBeRootsElsewhere } from '../folder-owner.js';

/** For how long the client remembers that no server had a file, where its own file does not say. */
const DEFAULT_MISS_SECONDS = 600;

/**
 * The folder of elfutils' debuginfod client: `BUILD-ID/debuginfo`, where an empty file says that no server had it.
 * What is put there is whole: written beside its place, and renamed.
 */
export class ClientCache {
  readonly folder: string;
  readonly #unfinished = new Set<string>();

  constructor(folder: string) {
    this.folder = resolve(folder);
  }

  /** Makes the folder. Throws where it cannot be made, or where root would leave its files in another user's. */
  prepare(): true {
    if (wouldBeRootsElsewhere(this.folder))
      throw new Error('it is in the folder of another user, and files of root do not belong there');
    for (const folder of [dirname(this.folder), this.folder]) makeFolder(folder);
    return true;
  }

  pathOf(buildId: string): string {
    return join(this.folder, buildId, 'debuginfo');
  }

  look(buildId: string): 'file' | 'miss' | 'nothing' {
    const file = statSync(this.pathOf(buildId), { throwIfNoEntry: false });
    if (file === undefined) return 'nothing';
    if (file.size > 0) return 'file';
    return Date.now() - file.mtimeMs <= this.#missSeconds() * 1000 ? 'miss' : 'nothing';
  }

  /** A file that others do not see, and that is to be kept or dropped. */
  openUnfinished(buildId: string): string {
    const path = `${this.pathOf(buildId)}.${randomBytes(4).toString('hex')}`;
    makeFolder(dirname(path));
    writeFileSync(path, '', { flag: 'wx', mode: 0o600 });
    chmodSync(path, 0o600);
    this.#unfinished.add(path);
    return path;
  }

  keep(unfinished: string, buildId: string): void {
    chmodSync(unfinished, 0o400);
    renameSync(unfinished, this.pathOf(buildId));
    this.#unfinished.delete(unfinished);
  }

  drop(unfinished: string): void {
    if (!this.#unfinished.delete(unfinished)) return;
    rmSync(unfinished, { force: true });
    removeIfEmpty(dirname(unfinished));
  }

  dropAll(): void {
    for (const path of this.#unfinished) this.drop(path);
  }

  noteMiss(buildId: string): void {
    const unfinished = this.openUnfinished(buildId);
    renameSync(unfinished, this.pathOf(buildId));
    this.#unfinished.delete(unfinished);
  }

  #missSeconds(): number {
    try {
      return Number.parseInt(readFileSync(join(this.folder, 'cache_miss_s'), 'utf8'), 10);
    } catch {
      return DEFAULT_MISS_SECONDS;
    }
  }
}

/** Not recursive: Node would try for ever where a file system, as /proc, says ENOENT below a folder that exists. */
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  mkdirSync(path, { mode: 0o700 });
  chmodSync(path, 0o700); // whatever the umask, as the file
}

function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // another file is in it
  }
}
