import { accessSync, constants, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Where `setup` installs copies, one folder per version. Repeated in native/sampler/src/rights/installed_paths.rs. */
export const INSTALL_ROOT = '/usr/local/libexec/profile-bee';

/**
 * A root-owned copy of the sampler with file capabilities. `same`: byte for byte this package's; `other`: another
 * version or build; `forbidden`: this user may not start it, so it cannot be compared; `unreadable`: looking at it
 * failed with `error`.
 */
export interface InstalledSampler {
  version: string;
  path: string;
  kind: 'same' | 'other' | 'forbidden' | 'unreadable';
  error?: unknown;
  /** Who may start it, as given to `setup`. */
  users: readonly string[];
  groups: readonly string[];
  hasKernelFrames: boolean;
  hasAllProcesses: boolean;
  /** Limits for all runs together of one user, as given to `setup`; undefined: the sampler's default. */
  maxFrequencyHz: number | undefined;
  maxMemoryMiB: number | undefined;
}

/** The copies on this machine, sorted by folder name. `own`: path of this package's sampler. Never throws. */
export function installedSamplers(own: string, root = INSTALL_ROOT): InstalledSampler[] {
  try {
    const folders = readdirSync(root).sort();
    return folders.map((version) => describe(version, join(root, version), own)).filter(isCopy);
  } catch (error) {
    return isNothing(error) ? [] : [unreadable('', root, error)];
  }
}

/** Skips names with a leading dot: they belong to a `setup` that is running or was killed. */
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

/** Whether nothing is installed there. ENOTDIR: there is a file instead of a folder. */
function isNothing(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR';
}

function unreadable(version: string, path: string, error: unknown): InstalledSampler {
  return { version, path, kind: 'unreadable', error, ...policyOf('') };
}

/** Compares contents, because a folder's name proves no version. Two files of 2 MB take 2 ms. */
function compare(path: string, own: string): InstalledSampler['kind'] {
  try {
    accessSync(path, constants.X_OK);
    return readFileSync(path).equals(readFileSync(own)) ? 'same' : 'other';
  } catch {
    return 'forbidden';
  }
}

type ShownPolicy = Omit<InstalledSampler, 'version' | 'path' | 'kind' | 'error'>;

/** For display only: the sampler reads the policy itself and decides. */
function readPolicy(path: string): ShownPolicy {
  try {
    return policyOf(readFileSync(path, 'utf8'));
  } catch {
    return policyOf(''); // an unreadable policy allows nothing
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
