import { readFile, stat } from 'node:fs/promises';

/** rustdoc puts the programs that it compiles from documentation examples here. */
const FOLDER = /\/rustdoctest[^/]*\//;
/** A program of several doc tests reads its own path from this variable. */
const OWN_PATH = 'RUSTDOC_DOCTEST_BIN_PATH';
/** Real ones have a few megabytes. */
const MAX_BYTES = 256 << 20;

export function isDocTestProgram(executable: string): boolean {
  return FOLDER.test(executable);
}

/**
 * The variables that rustdoc sets for a program of doc tests if it runs without a runner. Since edition 2024 it compiles
 * all doc tests of a crate into one program. If that knows its path, it runs each test in a process of its own, as under
 * plain cargo; otherwise it warns and runs all of them in one process.
 */
export async function docTestVariables(executable: string): Promise<Record<string, string>> {
  const isAsked = isDocTestProgram(executable) && (await holdsText(executable, OWN_PATH));
  return isAsked ? { [OWN_PATH]: executable } : {};
}

async function holdsText(path: string, text: string): Promise<boolean> {
  try {
    return (await stat(path)).size <= MAX_BYTES && (await readFile(path)).includes(text);
  } catch {
    return false; // rustdoc runs it anyway
  }
}
