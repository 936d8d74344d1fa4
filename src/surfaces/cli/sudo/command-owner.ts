import { readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { findPackageRoot, thisFile } from '../../../ffi/native-files.js';
import { findOnPath } from './find-on-path.js';

/** Start scripts of package managers are shorter. */
const MAX_SCRIPT_BYTES = 4096;

/** The command that a shell starts for a name. */
export interface FoundCommand {
  /** As found on PATH, without following links. */
  path: string;
  /** `ours`: this installation; `copy`: another installation of this package; `foreign`: another program. */
  owner: 'ours' | 'copy' | 'foreign';
}

/**
 * The command found for `name` and its owner (other programs are also called `profile-bee`); undefined if there is none.
 * npm's commands are links into the package; pnpm's are scripts that name a file of it.
 */
export function whoAnswers(
  name: string,
  pathVariable: string,
  ownRoot = findPackageRoot(dirname(thisFile())),
): FoundCommand | undefined {
  const path = findOnPath(name, pathVariable);
  if (path === undefined) return undefined;
  const root = findPackageRoot(dirname(startedFile(path)));
  if (root === undefined) return { path, owner: 'foreign' };
  return { path, owner: ownRoot !== undefined && isSameFolder(root, ownRoot) ? 'ours' : 'copy' };
}

function startedFile(path: string): string {
  const file = realpathSync(path);
  if (statSync(file).size > MAX_SCRIPT_BYTES) return file;
  const named = /"\$basedir\/([^"]*\/bin\/[\w-]+\.cjs)"/.exec(readFileSync(file, 'latin1'))?.[1];
  return named === undefined ? file : join(dirname(file), named);
}

function isSameFolder(one: string, other: string): boolean {
  return realpathSync(one) === realpathSync(other);
}
