import type { RawBatch } from '../capture/raw-profile.js';

/** Which of the observed processes worked, and in which files: by the root of their samples. */
export class SampledWork {
  readonly #samples = new Map<number, number>();
  readonly #files = new Map<number, Set<string>>();
  /** The tables that batches continue. */
  #rootOfStack: number[] = [];
  #objectOfFrame: number[] = [];
  #pathOfObject = new Map<number, string>();

  /** Of all processes. */
  get totalSamples(): number {
    return Array.from(this.#samples.values()).reduce((sum, count) => sum + count, 0);
  }

  samplesOf(root: number): number {
    return this.#samples.get(root) ?? 0;
  }

  /** Paths of the files that have a frame in one of its samples. */
  filesOf(root: number): ReadonlySet<string> {
    return this.#files.get(root) ?? NO_FILES;
  }

  /** `isAnew`: its tables begin again. */
  add({ objects, frames, stacks, increments }: RawBatch, isAnew: boolean): void {
    if (isAnew) this.#forgetTables();
    for (const { id, path } of objects) this.#pathOfObject.set(id, path);
    for (const object of frames.objects) this.#objectOfFrame.push(object);
    for (const { root, frames: rows } of stacks) {
      this.#rootOfStack.push(root);
      this.#addFiles(root, rows);
    }
    for (const [index, stack] of increments.stacks.entries()) {
      const root = this.#rootOfStack[stack]!;
      this.#samples.set(root, this.samplesOf(root) + increments.counts[index]!);
    }
  }

  #forgetTables(): void {
    this.#rootOfStack = [];
    this.#objectOfFrame = [];
    this.#pathOfObject = new Map();
  }

  /** Neighbours mostly are of one file. */
  #addFiles(root: number, rows: Uint32Array): void {
    const files = this.#files.get(root) ?? new Set();
    this.#files.set(root, files);
    let last = -1;
    for (const row of rows) {
      const object = this.#objectOfFrame[row]!;
      if (object === last) continue;
      last = object;
      const path = this.#pathOfObject.get(object);
      if (path !== undefined) files.add(path);
    }
  }
}

const NO_FILES: ReadonlySet<string> = new Set();
