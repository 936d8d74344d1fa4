import { readdirSync } from 'node:fs';
import { extname } from 'node:path';
import { UsageError } from '../../../cargo/command/usage-error.js';
import { findOutputPlace } from './output-place.js';
import { ReservedFile, reserveUnique } from './reserve-outputs.js';
import { UnwritableOutput, WriteFailure } from './write-failure.js';

/** Of a root's part of a file name: below the 255 bytes of a name, with room for the rest of it. */
const MAX_ROOT_BYTES = 150;

/**
 * Files `out-ROOT.svg` in the place of one `out.svg`. Which roots there are is known at the end only: until then
 * `out.svg` itself is reserved, so that a bad folder is refused before the program starts.
 */
export class ReservedSplit {
  #isReserved = true;

  private constructor(private readonly placeholder: ReservedFile) {}

  /** Throws UsageError when nothing can be written there; `path` undefined: standard output. */
  static reserve(path: string | undefined): ReservedSplit {
    const refuse = (what: string): never => {
      throw new UsageError(`--split writes several files, and ${what}`, '-o FILE.svg --split');
    };
    if (path === undefined) return refuse('standard output is one');
    const place = findOutputPlace(path);
    if (place.kind !== 'file') return refuse(`${path} is none: a device, a pipe or an open descriptor`);
    return new ReservedSplit(ReservedFile.reserve(path, place));
  }

  /** Like `reserveUnique`: no part of an earlier run has the name of one of this. */
  static reserveUnique(directory: string, name: string, extension: string, now: Date): ReservedSplit {
    return new ReservedSplit(reserveUnique(directory, name, extension, now, hasParts));
  }

  /** As it was typed. */
  get path(): string {
    return this.placeholder.path;
  }

  /** Absolute paths by root. */
  pathsOf(roots: readonly string[]): Map<string, string> {
    const { path } = this.placeholder;
    const extension = extname(path);
    const stem = path.slice(0, path.length - extension.length);
    return new Map(Array.from(fileNames(roots), ([root, name]) => [root, `${stem}-${name}${extension}`]));
  }

  /** Writes every file that can be written, whole; returns the sizes in bytes by path, and why others are not written. */
  commit(contents: ReadonlyMap<string, string>): { sizes: Map<string, number>; failures: WriteFailure[] } {
    this.discard();
    const sizes = new Map<string, number>();
    const failures: WriteFailure[] = [];
    for (const [path, content] of contents) {
      try {
        sizes.set(path, reserveNow(path).commit([content]));
      } catch (error) {
        if (!(error instanceof WriteFailure)) throw error;
        failures.push(error);
      }
    }
    return { sizes, failures };
  }

  /** Once: the name of what was reserved may be another run's by then. */
  discard(): void {
    if (this.#isReserved) this.placeholder.discard();
    this.#isReserved = false;
  }
}

function hasParts(directory: string, stem: string): boolean {
  return readdirSync(directory).some((name) => name.startsWith(`${stem}-`));
}

/** The program has run: what is refused now is no mistake of the command line any more. */
function reserveNow(path: string): ReservedFile {
  try {
    return ReservedFile.reserve(path);
  } catch (error) {
    throw error instanceof UnwritableOutput ? new WriteFailure(path, error.reason) : error;
  }
}

/**
 * Roots to parts of file names: letters, digits and `.+=_` stay, anything else becomes `-`. Where two become the same
 * (also on file systems that do not tell cases apart), the later gets a number.
 */
export function fileNames(roots: readonly string[]): Map<string, string> {
  const taken = new Set<string>();
  const names = new Map<string, string>();
  for (const root of roots) {
    const name = unusedName(safeName(root), taken);
    taken.add(name.toLowerCase());
    names.set(root, name);
  }
  return names;
}

function safeName(root: string): string {
  const safe = root.replace(/[^\p{L}\p{N}.+=_]+/gu, '-').replace(/^-+|-+$/g, '');
  return Buffer.from(safe).subarray(0, MAX_ROOT_BYTES).toString('utf8').replace(/�+$/, '') || 'root';
}

function unusedName(name: string, taken: ReadonlySet<string>): string {
  for (let number = 1; ; number++) {
    const candidate = number === 1 ? name : `${name}-${number}`;
    if (!taken.has(candidate.toLowerCase())) return candidate;
  }
}
