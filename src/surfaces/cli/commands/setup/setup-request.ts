import { UsageError } from '../../../../cargo/command/usage-error.js';

/** `usual`: the sampler's default. */
export type Bound = number | 'usual';

/** The arguments of `setup`; undefined: not given. */
export interface SetupRequest {
  action: 'install' | 'uninstall' | 'status';
  isConfirmed: boolean;
  users: readonly string[];
  groups: readonly string[];
  kernelFrames: boolean | undefined;
  allProcesses: boolean | undefined;
  maxFrequencyHz: Bound | undefined;
  maxMemoryMiB: Bound | undefined;
}

/** The parsed flags of `setup`. */
interface SetupFlags {
  user?: string[];
  group?: string[];
  'kernel-frames'?: boolean;
  'all-processes'?: boolean;
  'max-frequency'?: string;
  'max-memory'?: string;
  uninstall?: boolean;
  status?: boolean;
  yes?: boolean;
}

/** Throws UsageError. */
export function toSetupRequest(flags: SetupFlags): SetupRequest {
  const { uninstall = false, status = false } = flags;
  if (uninstall && status) throw new UsageError('setup: --uninstall and --status exclude each other');
  return {
    action: uninstall ? 'uninstall' : status ? 'status' : 'install',
    isConfirmed: flags.yes ?? false,
    users: flags.user ?? [],
    groups: flags.group ?? [],
    kernelFrames: flags['kernel-frames'],
    allProcesses: flags['all-processes'],
    maxFrequencyHz: toBound(flags['max-frequency'], 'max-frequency'),
    maxMemoryMiB: toBound(flags['max-memory'], 'max-memory'),
  };
}

function toBound(text: string | undefined, flag: string): Bound | undefined {
  if (text === undefined || text === 'usual') return text;
  if (/^[1-9]\d*$/.test(text) && Number(text) < 2 ** 32) return Number(text);
  throw new UsageError(`setup: --${flag} ${text}: choose a whole number of 1 or more, or usual`);
}
