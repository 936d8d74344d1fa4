import { accessSync, constants, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Where `setup` puts copies, one folder for each version; the same in native/sampler/src/rights/installed_paths.rs. */
export const INSTALL_ROOT = '/usr/local/libexec/profile-bee';

/**
 * A root-owned copy of the sampler with file capabilities. `same`: byte for byte the one of this package; `other`: of
 * another version or build; `forbidden`: this user may not start it, so that it cannot be compared; `unreadable`: the
 * system does not say what is there, and `error` is what it says instead.
 */
export interface InstalledSampler {
  version: string;
  path: string;
  kind: 'same' | 'other' | 'forbidden' | 'unreadable';
  error?: unknown;
  /** Names of those who may start it, as they were given to `setup`. */
  users: readonly string[];
  groups: readonly string[];
  hasKernelFrames: boolean;
  hasAllProcesses: boolean;
  /** What all runs of one of them may take together, as it was given to `setup`; undefined: the sampler's own choice. */
  maxFrequencyHz: number | undefined;
  maxMemoryMiB: number | undefined;
}

/** What is installed on this machine, newest name last. `own`: the sampler of this package. Never throws. */
export function installedSamplers(own: string, root = INSTALL_ROOT): InstalledSampler[] {
  try {
    const folders = readdirSync(root).sort();
    return folders.map((version) => describe(version, join(root, version), own)).filter(isCopy);
  } catch (error) {
    return isNothing(error) ? [] : [unreadable('', root, error)];
  }
}

/** Names with a dot in front are of a `setup` that is at work, or was killed. */
function describe(version: string, folder: string, own: string): InstalledSampler | undefined {
  if (version.startsWith('.')) return undefined;
  const path = join(folder, 'bee-sampler');
  try {
    if (!statSync(path).isFile()) return undefined;
  } catch (error) {
    return isNothing(error) ? undefined : unreadable(version, path, error);
  }
  return { version, path, kind: compare(path, own), ...readPolicy(join(folder, 'policy')) };
}

function isCopy(copy: InstalledSampler | undefined): copy is InstalledSampler {
  return copy !== undefined;
}

/** Also where something else than a folder stands. */
function isNothing(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR';
}

function unreadable(version: string, path: string, error: unknown): InstalledSampler {
  return { version, path, kind: 'unreadable', error, ...policyOf('') };
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

type ShownPolicy = Omit<InstalledSampler, 'version' | 'path' | 'kind' | 'error'>;

/** For showing. What it allows is decided by the sampler, which reads it itself. */
function readPolicy(path: string): ShownPolicy {
  try {
    return policyOf(readFileSync(path, 'utf8'));
  } catch {
    return policyOf(''); // then it allows nothing
  }
}

function policyOf(text: string): ShownPolicy {
  const value = (key: string): string => new RegExp(`^${key}\\s*=(.*)$`, 'm').exec(text)?.[1]?.trim() ?? '';
  const names = (key: string): string[] => value(key).split(/\s+/).filter(Boolean);
  const number = (key: string): number | undefined =>
    /^\d+$/.test(value(key)) ? Number(value(key)) : undefined;
  return {
    users: names('users'),
    groups: names('groups'),
    hasKernelFrames: value('kernel-frames') === 'allow',
    hasAllProcesses: value('processes') === 'all',
    maxFrequencyHz: number('max-frequency-hz'),
    maxMemoryMiB: number('max-memory-mib'),
  };
}
