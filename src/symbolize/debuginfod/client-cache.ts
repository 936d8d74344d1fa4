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
import type { SamplerConnection } from '../../ffi/sampler-connection.js';
import { wouldBeRootsElsewhere } from '../folder-owner.js';

/** Ours, not elfutils', which uses six letters there. */
const UNFINISHED = /^debuginfo\.bee-[0-9a-f]{8}$/;
/** How long the client remembers that no server had a file, unless its own file says otherwise. */
const DEFAULT_MISS_SECONDS = 600;

/**
 * The folder of elfutils' debuginfod client: `BUILD-ID/debuginfo`; an empty file means that no server had it. Files appear
 * there whole: they are written next to their place, then renamed.
 */
export class ClientCache {
  readonly folder: string;
  readonly #unfinished = new Map<string, Hold>();

  constructor(folder: string) {
    this.folder = resolve(folder);
  }

  /** Whether this is root and another user can change what is here. */
  get isStrange(): boolean {
    return wouldBeRootsElsewhere(this.folder);
  }

  /** A session looks for debug files here from now on, unless somebody else has a say in what lies here. */
  lookInto(session: SamplerConnection): void {
    if (!this.isStrange) session.useDebugCache(this.folder);
  }

  /** Creates the folder. Throws if that fails, or if root would leave its files within another user's reach. */
  prepare(): true {
    if (this.isStrange)
      throw new Error('it is in the folder of another user, where root must not write files');
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

  /** A file that others do not see until it is kept; drop it otherwise. Removes files of killed runs. */
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
  chmodSync(path, 0o600); // independent of the umask
  return path;
}

/** Not recursive: Node would loop forever on a file system that, like /proc, reports ENOENT below an existing folder. */
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  mkdirSync(path, { mode: 0o700 });
  chmodSync(path, 0o700);
}

function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // not empty
  }
}
