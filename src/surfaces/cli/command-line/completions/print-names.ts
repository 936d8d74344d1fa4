import { homedir } from 'node:os';
import { NAME_KINDS, workspaceNames } from '../../../../cargo/project/workspace-names.js';
import { printText } from '../../terminal/print-text.js';

/**
 * `__complete KIND [WORDS…]`: the names that may stand after the flag, one a line, for the command that WORDS are the
 * beginning of. A shell asks while somebody types: whatever goes wrong, there are no names and nothing is said.
 */
export async function printNames([wanted, ...words]: readonly string[]): Promise<number> {
  const kind = NAME_KINDS.find((known) => known === wanted);
  if (kind === undefined) return 0;
  const args = words.filter((word) => word !== '--').map(fromHome); // without the one before cargo's part
  try {
    const names = await workspaceNames(kind, args, { cwd: process.cwd(), env: process.env });
    await printText(names.map((name) => `${name}\n`).join(''));
  } catch {
    // No project here, a manifest in the middle of being written, no cargo.
  }
  return 0;
}

/** A shell has not expanded the line yet. */
function fromHome(word: string): string {
  return word.startsWith('~/') ? `${homedir()}${word.slice(1)}` : word;
}
