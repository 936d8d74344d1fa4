import { accessSync, constants, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Where `setup` puts copies, one folder for each version; the same in native/sampler/src/installation.rs. */
export const INSTALL_ROOT = '/usr/local/libexec/profile-bee';

/**
 * A root-owned copy of the sampler with file capabilities. `same`: byte for byte the one of this package; `other`: of
 * another version or build; `forbidden`: this user may not start it, so that it cannot be compared.
 */
export interface InstalledSampler {
  version: string;
  path: string;
  kind: 'same' | 'other' | 'forbidden';
  /** Names of those who may start it, as they were given to `setup`. */
  users: readonly string[];
  groups: readonly string[];
  hasKernelFrames: boolean;
  hasAllProcesses: boolean;
}

/** What is installed on this machine, newest name last. `own`: the sampler of this package. */
export function installedSamplers(own: string, root = INSTALL_ROOT): InstalledSampler[] {
  const copies = foldersOf(root).map((version) => describe(version, join(root, version), own));
  return copies.filter((copy) => copy !== undefined);
}

function foldersOf(root: string): string[] {
  try {
    return readdirSync(root).sort();
  } catch {
    return [];
  }
}

function describe(version: string, folder: string, own: string): InstalledSampler | undefined {
  const path = join(folder, 'bee-sampler');
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) return undefined;
  return { version, path, kind: compare(path, own), ...readPolicy(join(folder, 'policy')) };
}

/** By content: a version in a name is only what somebody wrote there. Two files of 2 MB take 2 ms. */
function compare(path: string, own: string): InstalledSampler['kind'] {
  try {
    accessSync(path, constants.X_OK);
    return readFileSync(path).equals(readFileSync(own)) ? 'same' : 'other';
  } catch {
    return 'forbidden';
  }
}

/** For showing. What it allows is decided by the sampler, which reads it itself. */
function readPolicy(
  path: string,
): Pick<InstalledSampler, 'users' | 'groups' | 'hasKernelFrames' | 'hasAllProcesses'> {
  let text = '';
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    // then it allows nothing
  }
  const value = (key: string): string => new RegExp(`^${key}\\s*=(.*)$`, 'm').exec(text)?.[1]?.trim() ?? '';
  const names = (key: string): string[] => value(key).split(/\s+/).filter(Boolean);
  return {
    users: names('users'),
    groups: names('groups'),
    hasKernelFrames: value('kernel-frames') === 'allow',
    hasAllProcesses: value('processes') === 'all',
  };
}
