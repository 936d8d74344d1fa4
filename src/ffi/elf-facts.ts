import { loadLibbee } from './libbee.js';

/** What an ELF file can tell of its functions. Texts are empty where there is none. */
export interface ElfFacts {
  /** Hexadecimal. */
  buildId: string;
  /** Name of the file that holds the symbols that were taken out of this one. */
  debugLink: string;
  /** Path of the file from which its functions are symbolized instead of from itself; empty where there is none. */
  debugFile: string;
  /** Functions in .symtab. */
  hasSymbols: boolean;
  /** Functions in .dynsym: what a library exports; stripping leaves them. */
  hasDynamicSymbols: boolean;
  /** A .gnu_debugdata section: a compressed symbol table. */
  hasMiniDebugInfo: boolean;
  /** Also in an executable without any of its own: std is delivered with debug information. */
  hasDebugInfo: boolean;
  hasDebugLines: boolean;
  /** False when units were compressed or not understood: what `crates` does not name may be there all the same. */
  areUnitsWhole: boolean;
  /** Units of other languages. */
  otherUnitCount: number;
  /** Rust crates with debug information, std's included. */
  crates: ElfCrate[];
}

export interface ElfCrate {
  /** Where the compiler was started: the workspace, for its members. */
  directory: string;
  /** The crate's root as the compiler was given it, absolute or from `directory`; empty when `isSplit`. */
  source: string;
  /** Its functions are in .dwo files or in a package of them; here is only where their code lies. */
  isSplit: boolean;
  unitCount: number;
  /** `short`: `line-tables-only`, functions without their paths. `unknown`: split, or no function. */
  names: 'full' | 'short' | 'unknown';
}

/** Throws NativeError: ENOEXEC for what is no x86-64 ELF file. Takes milliseconds, 30 for a program of 200 MB. */
export function readElfFacts(path: string): ElfFacts {
  return loadLibbee().elfFacts(path) as ElfFacts;
}
