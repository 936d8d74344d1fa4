import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { Hold, removeIfAbandoned } from '../../capture/sampler/hold.js';
import { useDebugCache } from '../../ffi/debug-files.js';
import { wouldBeRootsElsewhere } from '../folder-owner.js';

/** Of ours, not of elfutils, which has six letters there. */
const UNFINISHED = /^debuginfo\.bee-[0-9a-f]{8}$/;
/** For how long the client remembers that no server had a file, where its own file does not say. */
const DEFAULT_MISS_SECONDS = 600;

/**
 * The folder of elfutils' debuginfod client: `BUILD-ID/debuginfo`, where an empty file says that no server had it.
 * What is put there is whole: written beside its place, and renamed.
 */
export class ClientCache {
  readonly folder: string;
  readonly #unfinished = new Map<string, Hold>();

  constructor(folder: string) {
    this.folder = resolve(folder);
  }

  /** Whether this is root, and somebody else has a say in what lies here. */
  get isStrange(): boolean {
    return wouldBeRootsElsewhere(this.folder);
  }

  /** Symbolization looks for debug files here from now on, unless somebody else has a say in what lies here. */
  lookInto(): void {
    if (!this.isStrange) useDebugCache(this.folder);
  }

  /** Makes the folder. Throws where it cannot be made, or where root would leave its files within another user's reach. */
  prepare(): true {
    if (this.isStrange)
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

  /** A file that others do not see, and that is to be kept or dropped. Those of runs that were killed are removed. */
  openUnfinished(buildId: string): string {
    const folder = dirname(this.pathOf(buildId));
    makeFolder(folder);
    try {
      for (const name of readdirSync(folder))
        if (UNFINISHED.test(name))
          removeIfAbandoned(join(folder, name), (path) => rmSync(path, { force: true }));
      const { path, hold } = Hold.make(() => makeUnfinished(folder));
      this.#unfinished.set(path, hold);
      return path;
    } catch (error) {
      removeIfEmpty(folder);
      throw error;
    }
  }

  keep(unfinished: string, buildId: string): void {
    chmodSync(unfinished, 0o400);
    this.#finish(unfinished, buildId);
  }

  drop(unfinished: string): void {
    const hold = this.#unfinished.get(unfinished);
    if (hold === undefined) return;
    this.#unfinished.delete(unfinished);
    rmSync(unfinished, { force: true });
    hold.release();
    removeIfEmpty(dirname(unfinished));
  }

  dropAll(): void {
    for (const path of this.#unfinished.keys()) this.drop(path);
  }

  noteMiss(buildId: string): void {
    this.#finish(this.openUnfinished(buildId), buildId);
  }

  #finish(unfinished: string, buildId: string): void {
    renameSync(unfinished, this.pathOf(buildId));
    this.#unfinished.get(unfinished)?.release();
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

function makeUnfinished(folder: string): string {
  const path = join(folder, `debuginfo.bee-${randomBytes(4).toString('hex')}`);
  writeFileSync(path, '', { flag: 'wx', mode: 0o600 });
  chmodSync(path, 0o600); // whatever the umask
  return path;
}

/** Not recursive: Node would try for ever where a file system, as /proc, says ENOENT below a folder that exists. */
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  mkdirSync(path, { mode: 0o700 });
  chmodSync(path, 0o700);
}

function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // another file is in it
  }
}
