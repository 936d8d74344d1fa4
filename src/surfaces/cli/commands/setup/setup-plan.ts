import { execFileSync } from 'node:child_process';
import { userInfo } from 'node:os';
import { dirname } from 'node:path';
import type { InstalledSampler } from '../../../../capture/rights/installed-sampler.js';
import { UsageError } from '../../../../cargo/command/usage-error.js';
import { USUAL_FREQUENCY_HZ } from '../../command-line/options/limits.js';
import type { Bound, SetupRequest } from './setup-request.js';

/** Who may start the copy and what it allows them to do. */
export interface SetupPlan {
  users: readonly Account[];
  groups: readonly Account[];
  kernelFrames: boolean;
  allProcesses: boolean;
  maxFrequencyHz: Bound;
  maxMemoryMiB: Bound;
  /** Folders of installed versions that will be replaced. */
  replaced: readonly string[];
}

export interface Account {
  name: string;
  id: number;
}

/**
 * Keeps the installed value of every option not typed. Throws UsageError if no user or group is given, or one does not
 * exist.
 */
export function planSetup(request: SetupRequest, installed: readonly InstalledSampler[]): SetupPlan {
  const copies = installed.filter(({ version }) => version !== '');
  const before = copies.at(-1);
  const isSaid = request.users.length + request.groups.length > 0;
  const users = isSaid ? request.users : [...(before?.users ?? []), ...whoAsks()];
  const groups = isSaid ? request.groups : (before?.groups ?? []);
  if (users.length + groups.length === 0) {
    throw new UsageError(
      'setup needs --user or --group; root can already profile',
      'setup --user NAME, or --group NAME',
    );
  }
  return {
    users: [...new Set(users)].map((name) => find('passwd', name)),
    groups: [...new Set(groups)].map((name) => find('group', name)),
    kernelFrames: request.kernelFrames ?? before?.hasKernelFrames ?? false,
    allProcesses: request.allProcesses ?? before?.hasAllProcesses ?? false,
    maxFrequencyHz: request.maxFrequencyHz ?? before?.maxFrequencyHz ?? 'usual',
    maxMemoryMiB: request.maxMemoryMiB ?? before?.maxMemoryMiB ?? 'usual',
    replaced: copies.map(({ path }) => dirname(path)),
  };
}

/** The user who runs this or ran sudo; nobody if that is root. */
function whoAsks(): string[] {
  if (process.geteuid?.() !== 0) return [userInfo().username];
  const { SUDO_USER } = process.env;
  return SUDO_USER === undefined || SUDO_USER === 'root' ? [] : [SUDO_USER];
}

/** Uses getent, because accounts may be in a directory service. */
function find(database: 'passwd' | 'group', name: string): Account {
  const kind = database === 'passwd' ? 'user' : 'group';
  try {
    const line = execFileSync('getent', [database, name], { encoding: 'utf8', stdio: 'pipe' });
    const [found, , id] = line.trim().split(':');
    if (found !== undefined && /^\d+$/.test(id ?? '')) return { name: found, id: Number(id) };
  } catch {
    // getent exits with 2 if it finds none
  }
  const advice =
    kind === 'group' ? `groupadd ${name}   creates it; usermod -aG ${name} USER adds a user` : '';
  throw new UsageError(`setup: there is no ${kind} ${name}`, advice);
}

/** Arguments for `bee-sampler`. */
export function installArguments(plan: SetupPlan): string[] {
  const each = (flag: string, accounts: readonly Account[]) =>
    accounts.flatMap(({ id, name }) => [flag, `${id}:${name}`]);
  const bound = (flag: string, value: Bound) => (value === 'usual' ? [] : [flag, String(value)]);
  return [
    '--install',
    ...each('--user', plan.users),
    ...each('--group', plan.groups),
    ...(plan.kernelFrames ? ['--kernel-frames'] : []),
    ...(plan.allProcesses ? ['--all-processes'] : []),
    ...bound('--max-frequency', plan.maxFrequencyHz),
    ...bound('--max-memory', plan.maxMemoryMiB),
  ];
}

/** The plan as text. */
export function planLines(plan: SetupPlan, sampler: string, destination: string): string[] {
  const names = [
    ...plan.users.map(({ name }) => name),
    ...plan.groups.map(({ name }) => `members of ${name}`),
  ];
  return [
    `copies   ${sampler}`,
    `to       ${destination}, owned by root, with the capabilities that profiling needs`,
    ...(plan.replaced.length > 0 ? [`replaces ${plan.replaced.join(', ')}`] : []),
    `for      ${names.join(', ')}`,
    `who may profile ${plan.allProcesses ? 'every process of this machine' : 'processes of their own'}, ${
      plan.kernelFrames ? 'kernel frames included' : 'without kernel frames (--kernel-frames)'
    }`,
    `each with at most ${frequency(plan)} samples per second and ${memory(plan)} for all runs together`,
  ];
}

function frequency({ maxFrequencyHz }: SetupPlan): number {
  return maxFrequencyHz === 'usual' ? USUAL_FREQUENCY_HZ : maxFrequencyHz;
}

function memory({ maxMemoryMiB }: SetupPlan): string {
  return maxMemoryMiB === 'usual'
    ? "an eighth of the machine's memory (128 MB at least)"
    : `${maxMemoryMiB} MB of the kernel's memory`;
}
