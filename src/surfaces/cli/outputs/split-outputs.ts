import { readdirSync } from 'node:fs';
import { extname } from 'node:path';
import { UsageError } from '../../../cargo/command/usage-error.js';
import { knownEnding } from '../command-line/options/output-formats.js';
import type { Pieces } from './chunks.js';
import { findOutputPlace } from './output-place.js';
import { ReservedFile, reserveUnique } from './reserve-outputs.js';
import { UnwritableOutput, WriteFailure } from './write-failure.js';

/** Limit for the root's part of a file name: below the 255 bytes of a name, with room for the rest. */
const MAX_ROOT_BYTES = 150;

/**
 * Writes files `out-ROOT.svg` instead of one `out.svg`. The roots are known only at the end; until then `out.svg` itself is
 * reserved, so that a bad folder is rejected before the target starts.
 */
export class ReservedSplit {
  #isReserved = true;

  private constructor(private readonly placeholder: ReservedFile) {}

  /** Throws UsageError if nothing can be written there; `path` undefined: standard output. */
  static reserve(path: string | undefined): ReservedSplit {
    const refuse = (what: string): never => {
      throw new UsageError(`--split writes several files, but ${what}`, '-o FILE.svg --split');
    };
    if (path === undefined) return refuse('standard output is one');
    const place = findOutputPlace(path);
    if (place.kind !== 'file') return refuse(`${path} is a device, a pipe or an open descriptor`);
    return new ReservedSplit(ReservedFile.reserve(path, place));
  }

  /** Like `reserveUnique`: does not reuse the name of a part of an earlier run. */
  static reserveUnique(directory: string, name: string, extension: string, now: Date): ReservedSplit {
    return new ReservedSplit(reserveUnique(directory, name, extension, now, hasParts));
  }

  /** As typed. */
  get path(): string {
    return this.placeholder.path;
  }

  /** Absolute paths by root. */
  pathsOf(roots: readonly string[]): Map<string, string> {
    const { path } = this.placeholder;
    const extension = knownEnding(path) ?? extname(path);
    const stem = path.slice(0, path.length - extension.length);
    return new Map(Array.from(fileNames(roots), ([root, name]) => [root, `${stem}-${name}${extension}`]));
  }

  /** Writes every file it can, whole; returns sizes in bytes by path, and the failures. */
  commit(contents: ReadonlyMap<string, Pieces>): { sizes: Map<string, number>; failures: WriteFailure[] } {
    this.discard();
    const sizes = new Map<string, number>();
    const failures: WriteFailure[] = [];
    for (const [path, content] of contents) {
      try {
        sizes.set(path, reserveNow(path).commit(content));
      } catch (error) {
        if (!(error instanceof WriteFailure)) throw error;
        failures.push(error);
      }
    }
    return { sizes, failures };
  }

  /** Only once: another run may have reserved the name since. */
  discard(): void {
    if (this.#isReserved) this.placeholder.discard();
    this.#isReserved = false;
  }
}

function hasParts(directory: string, stem: string): boolean {
  return readdirSync(directory).some((name) => name.startsWith(`${stem}-`));
}

/** The target has run, so a failure now is no longer a usage error. */
function reserveNow(path: string): ReservedFile {
  try {
    return ReservedFile.reserve(path);
  } catch (error) {
    throw error instanceof UnwritableOutput ? new WriteFailure(path, error.reason) : error;
  }
}

/**
 * Maps roots to parts of file names: keeps letters, digits and `.+=_`, replaces anything else by `-`. If two are equal
 * (also on case-insensitive file systems), the later one gets a number.
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
