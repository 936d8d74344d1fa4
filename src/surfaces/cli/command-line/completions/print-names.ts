import { homedir } from 'node:os';
import { NAME_KINDS, workspaceNames } from '../../../../cargo/project/workspace-names.js';
import { printText } from '../../terminal/print-text.js';

/**
 * `__complete KIND [WORDS…]`: prints the possible names after the flag, one per line, for the command line that starts with
 * WORDS. A shell calls it while somebody types: on any error it prints nothing.
 */
export async function printNames([wanted, ...words]: readonly string[]): Promise<number> {
  const kind = NAME_KINDS.find((known) => known === wanted);
  if (kind === undefined) return 0;
  const args = words.filter((word) => word !== '--').map(fromHome); // drops the `--` before cargo's part
  try {
    const names = await workspaceNames(kind, args, { cwd: process.cwd(), env: process.env });
    await printText(names.map((name) => `${name}\n`).join(''));
  } catch {
    // No project here, a half-written manifest, or no cargo.
  }
  return 0;
}

/** The shell has not expanded `~` yet. */
function fromHome(word: string): string {
  return word.startsWith('~/') ? `${homedir()}${word.slice(1)}` : word;
}
