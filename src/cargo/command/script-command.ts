import { extname } from 'node:path';
import { CARGO_FLAGS } from './cargo-flags.js';
import type { CargoPart } from './cargo-part.js';
import { scanFlags } from './flag-scanner.js';

/**
 * Cargo's single-file packages, `-Zscript FILE.rs ARGS…` or `FILE.rs ARGS…`, rewritten as `cargo run`: everything after the
 * file belongs to the program, `--` and flags included. Undefined for every other line. After flags without `-Zscript`, a
 * file is an argument of the program that `run` chooses.
 */
export function scriptCommand(line: readonly string[]): CargoPart | undefined {
  const items = [...scanFlags(line, CARGO_FLAGS)];
  const at = items.findIndex((item) => item.kind === 'positional');
  const file = items[at]?.tokens[0];
  if (file === undefined || !isManifest(file)) return undefined;
  const flags = items.slice(0, at);
  const isAsked = flags.some((item) => item.kind === 'flag' && item.name === '-Z' && item.value === 'script');
  if (flags.length > 0 && !isAsked) return undefined;
  const { start } = items[at]!;
  return {
    cargo: ['run', ...line.slice(0, start), '--manifest-path', file],
    program: line.slice(start + 1),
  };
}

/** Distinguishes a file from a subcommand as cargo does. */
function isManifest(word: string): boolean {
  return extname(word) === '.rs' || word.includes('/');
}
