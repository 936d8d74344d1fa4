import { parseArgs } from 'node:util';
import { UsageError } from '../../../../cargo/command/usage-error.js';

/** As the sampler has it, which tells what this machine comes to: `bee-sampler --bounds`. */
export const USUAL_FREQUENCY_HZ = 10_000;

/** `usual`: as the sampler chooses. */
export type Bound = number | 'usual';

/** What was typed after `setup`; undefined: not said. */
export interface SetupRequest {
  action: 'install' | 'uninstall' | 'status' | 'help';
  isConfirmed: boolean;
  users: readonly string[];
  groups: readonly string[];
  kernelFrames: boolean | undefined;
  allProcesses: boolean | undefined;
  maxFrequencyHz: Bound | undefined;
  maxMemoryMiB: Bound | undefined;
}

const OPTIONS = {
  user: { type: 'string', multiple: true },
  group: { type: 'string', multiple: true },
  'kernel-frames': { type: 'boolean' },
  'all-processes': { type: 'boolean' },
  'max-frequency': { type: 'string' },
  'max-memory': { type: 'string' },
  uninstall: { type: 'boolean' },
  status: { type: 'boolean' },
  yes: { type: 'boolean', short: 'y' },
  help: { type: 'boolean', short: 'h' },
} as const;

export const SETUP_HELP = (
  name: string,
): string => `Installs a copy of the sampler that may load kernel programs, so that profiling needs no password.

usage: ${name} setup [FLAGS]

flags:
      --user NAME        Who may profile with it; repeatable (default: you, and whoever could before)
      --group NAME       Every member of a group; repeatable
      --kernel-frames    They may also see what the kernel does for their programs, with its addresses
      --all-processes    They may profile the processes of every user, root's included
      --max-frequency HZ Samples a second, of all runs of one user together (default, or "usual": ${USUAL_FREQUENCY_HZ})
      --max-memory MB    Memory of the kernel, likewise (default, or "usual": an eighth of the machine's)
      --uninstall        Remove every copy
      --status           Say what is installed, and for whom; exits with 0 when you can profile with it
  -y, --yes              Do not ask
  -h, --help             Show this help

Everybody else, and everything else that they could do as root, stays as it is: the copy is root's, is started only by
those who are named, becomes the user who starts it, and profiles only that user's own processes. Root and sudo have no
bounds.
`;

/** Throws UsageError. */
export function parseSetup(args: readonly string[], name: string): SetupRequest {
  const { values } = parseOrExplain(args, name);
  const { uninstall = false, status = false, help = false } = values;
  if (uninstall && status) throw new UsageError('setup: --uninstall and --status exclude each other');
  return {
    action: help ? 'help' : uninstall ? 'uninstall' : status ? 'status' : 'install',
    isConfirmed: values.yes ?? false,
    users: values.user ?? [],
    groups: values.group ?? [],
    kernelFrames: values['kernel-frames'],
    allProcesses: values['all-processes'],
    maxFrequencyHz: toBound(values['max-frequency'], 'max-frequency'),
    maxMemoryMiB: toBound(values['max-memory'], 'max-memory'),
  };
}

function toBound(text: string | undefined, flag: string): Bound | undefined {
  if (text === undefined || text === 'usual') return text;
  if (/^[1-9]\d*$/.test(text) && Number(text) < 2 ** 32) return Number(text);
  throw new UsageError(`setup: --${flag} ${text}: choose a whole number of 1 or more, or usual`);
}

function parseOrExplain(args: readonly string[], name: string) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowNegative: true });
  } catch (error) {
    const [message] = (error instanceof Error ? error.message : String(error)).split('. ');
    throw new UsageError(`setup: ${message}`, `${name} setup --help   lists the flags`);
  }
}
