import { posix } from 'node:path';
import type { Frame, FrameKind, Origin } from '../profile/profile.js';
import { firstCrateSegment } from './grouping/rust-name.js';
import { PackageIndex, type PackageRoot } from './package-index.js';

export type { PackageRoot } from './package-index.js';

/** Facts about a frame: `file` and `name` are '' if unresolved, `objectPath` if there is no object. */
export interface FrameFacts {
  file: string;
  name: string;
  objectPath: string;
  kind: FrameKind;
}

/** `crate` is the package's name if known, else the crate's, else ''. */
export type FrameOrigin = Pick<Frame, 'origin' | 'crate' | 'crateVersion'>;

const UNKNOWN = originOf('unknown');
const NATIVE = originOf('native');

/** std as the toolchain ships it: remapped, in the rust-src component, and the crates that std vendors. */
const STD_SOURCE = /^\/rustc\/[^/]+\/library\/|\/lib\/rustlib\/src\/rust\/library\//;
const STD_VENDORED = /^\/rust\/deps\/|^\/rustc\/[^/]+\/vendor\/|\/lib\/rustlib\/src\/rust\/vendor\//;
const REGISTRY_SOURCE = /\/registry\/src\/[^/]+\/([^/]+)\//;
const GIT_CHECKOUT = /\/git\/checkouts\/([^/]+)-[0-9a-f]+\/[0-9a-f]+\//;
/** A build script's OUT_DIR is in the target directory, whichever package it belongs to. */
const BUILD_SCRIPT_OUTPUT = /\/build\/([^/]+)-[0-9a-f]{16}\/out\//;
const VERSIONED_NAME = /^(.+?)-(\d+\.\d+.*)$/;
const SHARED_LIBRARY = /\.so(\.[0-9.]+)?( \(deleted\))?$/;
const STD_CRATES = new Set([
  'core',
  'alloc',
  'std',
  'test',
  'proc_macro',
  'compiler_builtins',
  'panic_abort',
  'panic_unwind',
  'std_detect',
  'rustc_std_workspace_core',
  'unwind',
  '__rustc',
]);
/** Crates linked into std, shipped without debug information. */
const STD_DEPENDENCIES = new Set([
  'addr2line',
  'adler2',
  'cfg_if',
  'gimli',
  'hashbrown',
  'memchr',
  'miniz_oxide',
  'object',
  'rustc_demangle',
]);

/** Classifies one frame; for many frames, create one OriginClassifier. */
export function classifyFrame(facts: FrameFacts, packages: readonly PackageRoot[]): FrameOrigin {
  return new OriginClassifier(packages).classify(facts);
}

/**
 * Classifies where a frame's code comes from: by its source file if debug information has one (a generic of `core` compiled
 * into the program is still `core`'s code), otherwise by its name or object.
 */
export class OriginClassifier {
  readonly #packages: PackageIndex;
  readonly #byFile = new Map<string, FrameOrigin | undefined>();

  /** Without packages (cargo did not build the program for us), Rust code that comes from no registry is `workspace`. */
  constructor(packages: readonly PackageRoot[]) {
    this.#packages = new PackageIndex(packages);
  }

  classify({ file, name, objectPath, kind }: FrameFacts): FrameOrigin {
    if (kind === 'kernel') return originOf('kernel');
    if (kind === 'jit') return UNKNOWN;
    const byFile = file === '' ? undefined : this.#classifyFile(file);
    return byFile ?? this.#classifyName(name, file) ?? classifyObject(name, objectPath);
  }

  #classifyFile(file: string): FrameOrigin | undefined {
    if (!this.#byFile.has(file)) this.#byFile.set(file, this.#originOfFile(posix.normalize(file)));
    return this.#byFile.get(file);
  }

  #originOfFile(file: string): FrameOrigin | undefined {
    const std = stdCrate(file);
    if (std !== undefined) return originOf('std', std);
    const owner = this.#ownerOfFile(file);
    // C compiled by a build script belongs to its crate, but is native code.
    if (!file.endsWith('.rs')) return originOf('native', owner?.crate, owner?.crateVersion);
    return owner;
  }

  #ownerOfFile(file: string): FrameOrigin | undefined {
    const generatedFor = this.#packages.byName(BUILD_SCRIPT_OUTPUT.exec(file)?.[1] ?? '');
    const owner = generatedFor ?? this.#packages.byFile(file);
    if (owner !== undefined && !(owner.isWorkspaceMember && isFetched(file))) return originOfPackage(owner);
    return fetchedOrigin(file);
  }

  #classifyName(name: string, file: string): FrameOrigin | undefined {
    const segment = firstCrateSegment(name);
    if (segment !== undefined && file === '' && STD_CRATES.has(segment))
      return originOf('std', STD_PARTS[segment] ?? segment);
    const known = this.#packages.byName(segment ?? '');
    if (known !== undefined) return originOfPackage(known);
    // Only if the packages are known and do not include it: another binary may use such a crate itself.
    if (segment !== undefined && !this.#packages.isEmpty && STD_DEPENDENCIES.has(segment))
      return originOf('std', segment);
    if (file !== '' && this.#packages.isEmpty) return originOf('workspace', segment);
    return undefined;
  }
}

function originOf(origin: Origin, crate = '', crateVersion = ''): FrameOrigin {
  return { origin, crate, crateVersion };
}

function originOfPackage({ name, version, isWorkspaceMember }: PackageRoot): FrameOrigin {
  return originOf(isWorkspaceMember ? 'workspace' : 'dependency', name, version);
}

/** Crates that users know by the name of the crate that re-exports or declares them. */
const STD_PARTS: Record<string, string> = {
  core_arch: 'core',
  core_simd: 'core',
  std_detect: 'std',
  std_float: 'std',
  __rustc: 'std',
};

/** `library/core/src/…` → core; `library/stdarch/crates/core_arch/src/…` → core; `/rust/deps/gimli-0.31/…` → gimli */
function stdCrate(file: string): string | undefined {
  const library = STD_SOURCE.exec(file);
  if (library !== null) {
    const [first = '', second, third] = file.slice(library.index + library[0].length).split('/');
    const crate = second === 'crates' && third !== undefined ? third : first;
    return STD_PARTS[crate] ?? crate;
  }
  const vendored = STD_VENDORED.exec(file);
  if (vendored === null) return undefined;
  return withoutVersion(file.slice(vendored.index + vendored[0].length).split('/')[0] ?? '');
}

/** In CARGO_HOME, which may be inside the workspace (as CI caches do). */
function isFetched(file: string): boolean {
  return REGISTRY_SOURCE.test(file) || GIT_CHECKOUT.test(file);
}

function fetchedOrigin(file: string): FrameOrigin | undefined {
  const inRegistry = REGISTRY_SOURCE.exec(file)?.[1];
  if (inRegistry !== undefined) {
    const [, crate = inRegistry, version] = VERSIONED_NAME.exec(inRegistry) ?? [];
    return originOf('dependency', crate, version);
  }
  const checkedOut = GIT_CHECKOUT.exec(file)?.[1];
  return checkedOut === undefined ? undefined : originOf('dependency', checkedOut);
}

function withoutVersion(directory: string): string {
  return VERSIONED_NAME.exec(directory)?.[1] ?? directory;
}

/** For frames without a source file or a known crate. A Rust name without an owner stays unknown; any other is C's. */
function classifyObject(name: string, objectPath: string): FrameOrigin {
  if (SHARED_LIBRARY.test(objectPath) || objectPath === '[vdso]') return NATIVE;
  if (name === '' || firstCrateSegment(name) !== undefined) return UNKNOWN;
  return /^_*rust_/.test(name) ? originOf('std', 'std') : NATIVE;
}
