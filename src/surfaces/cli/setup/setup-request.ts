import { parseArgs } from 'node:util';
import { UsageProblem } from '../usage-problem.js';

/** What was typed after `setup`; undefined: not said. */
export interface SetupRequest {
  action: 'install' | 'uninstall' | 'status' | 'help';
  isConfirmed: boolean;
  users: readonly string[];
  groups: readonly string[];
  kernelFrames: boolean | undefined;
  allProcesses: boolean | undefined;
}

const OPTIONS = {
  user: { type: 'string', multiple: true },
  group: { type: 'string', multiple: true },
  'kernel-frames': { type: 'boolean' },
  'all-processes': { type: 'boolean' },
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
      --uninstall        Remove every copy
      --status           Say what is installed, and for whom; exits with 0 when you can profile with it
  -y, --yes              Do not ask
  -h, --help             Show this help

Everybody else, and everything else that they could do as root, stays as it is: the copy is root's, is started only by
those who are named, becomes the user who starts it, and profiles only that user's own processes.
`;

/** Throws UsageProblem. */
export function parseSetup(args: readonly string[], name: string): SetupRequest {
  const { values } = parseOrExplain(args, name);
  const { uninstall = false, status = false, help = false } = values;
  if (uninstall && status) throw new UsageProblem('setup: --uninstall and --status exclude each other');
  return {
    action: help ? 'help' : uninstall ? 'uninstall' : status ? 'status' : 'install',
    isConfirmed: values.yes ?? false,
    users: values.user ?? [],
    groups: values.group ?? [],
    kernelFrames: values['kernel-frames'],
    allProcesses: values['all-processes'],
  };
}

function parseOrExplain(args: readonly string[], name: string) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowNegative: true });
  } catch (error) {
    const [message] = (error instanceof Error ? error.message : String(error)).split('. ');
    throw new UsageProblem(`setup: ${message}`, `${name} setup --help   lists the flags`);
  }
}
