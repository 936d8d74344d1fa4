import { loadLibbee } from './libbee.js';

/** What an ELF file says about its functions. Absent texts are empty. */
export interface ElfFacts {
  /** Hexadecimal. */
  buildId: string;
  /** Name of the file with the symbols that were stripped from this one. */
  debugLink: string;
  /** Path of the debug file that symbolizes its functions in its place; empty if there is none. */
  debugFile: string;
  /** It has functions in .symtab. */
  hasSymbols: boolean;
  /** It has functions in .dynsym: a library's exports, which survive stripping. */
  hasDynamicSymbols: boolean;
  /** It has a .gnu_debugdata section, which is a compressed symbol table. */
  hasMiniDebugInfo: boolean;
  /** Also true for an executable without its own: std is shipped with debug information. */
  hasDebugInfo: boolean;
  hasDebugLines: boolean;
  /** False if units were compressed or not understood; then `crates` may be incomplete. */
  areUnitsWhole: boolean;
  /** Number of units in other languages. */
  otherUnitCount: number;
  /** Rust crates with debug information, including std's. */
  crates: ElfCrate[];
}

export interface ElfCrate {
  /** The compiler's working directory: the workspace, for its members. */
  directory: string;
  /** The crate's root file as given to the compiler, absolute or relative to `directory`; empty if `isSplit`. */
  source: string;
  /** Its functions are described in .dwo files or a .dwp package; this file only has their address ranges. */
  isSplit: boolean;
  unitCount: number;
  /** `short`: `line-tables-only`, so function names lack their paths. `unknown`: split, or no function. */
  names: 'full' | 'short' | 'unknown';
}

/**
 * Also looks for a debug file in `debugCache`, the cache folder of elfutils' debuginfod client. Throws NativeError, ENOEXEC
 * if this is not an x86-64 ELF file. Takes milliseconds: 30 for a program of 200 MB.
 */
export function readElfFacts(path: string, debugCache?: string): ElfFacts {
  return loadLibbee().elfFacts(path, debugCache ?? null) as ElfFacts;
}

/** The build id in hex; empty if the file has none. Throws NativeError if it is not an x86-64 ELF file. */
export function readBuildId(path: string): string {
  return loadLibbee().buildId(path);
}
