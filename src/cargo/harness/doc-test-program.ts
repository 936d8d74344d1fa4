import { readFile, stat } from 'node:fs/promises';

/** Where rustdoc puts the programs that it makes of examples in documentation. */
const FOLDER = /\/rustdoctest[^/]*\//;
/** What a program of several doc tests asks for: its own path. */
const OWN_PATH = 'RUSTDOC_DOCTEST_BIN_PATH';
/** Such a program has a few megabytes. */
const MAX_BYTES = 256 << 20;

export function isDocTestProgram(executable: string): boolean {
  return FOLDER.test(executable);
}

/**
 * The variables that rustdoc sets when no runner stands before a program of doc tests. From the edition of 2024 on it
 * makes one of all in a crate; with its path the program runs each in a process of its own, as under plain cargo, and
 * without it warns and runs them all in one.
 */
export async function docTestVariables(executable: string): Promise<Record<string, string>> {
  const isAsked = isDocTestProgram(executable) && (await holdsText(executable, OWN_PATH));
  return isAsked ? { [OWN_PATH]: executable } : {};
}

async function holdsText(path: string, text: string): Promise<boolean> {
  try {
    return (await stat(path)).size <= MAX_BYTES && (await readFile(path)).includes(text);
  } catch {
    return false; // rustdoc runs it all the same
  }
}
