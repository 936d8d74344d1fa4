import type { ProfileSelection } from '../../../../cargo/build/derived-profile.js';
import { UsageError } from '../../../../cargo/command/usage-error.js';
import type { CargoTargetRequest, TargetRequest } from '../../../../run/targets/target-request.js';
import type { CommandName } from '../flag-specification.js';
import type { Flags } from '../parse-flags.js';
import type { SplitLine } from '../split-line.js';
import { spelling } from './spelling.js';
import { splitWords } from './split-words.js';

export function toTarget(command: CommandName, flags: Flags, parts: SplitLine): TargetRequest {
  if (command === 'cargo-profile-bee') return toCargoTarget(flags, parts);
  const given = [flags.pid !== undefined, flags.cmd !== undefined, parts.program !== undefined];
  if (given.filter(Boolean).length > 1) {
    throw new UsageError('--pid, --cmd and a command after -- exclude each other');
  }
  if (flags.pid !== undefined)
    return { kind: 'pid', pids: toPids(flags.pid), withChildren: flags.children !== false };
  if (flags.children !== undefined)
    throw new UsageError(`--${flags.children ? '' : 'no-'}children needs --pid`);
  const argv = flags.cmd === undefined ? (parts.program ?? []) : splitWords(flags.cmd);
  if (argv.length === 0)
    throw new UsageError('there is no command to run', `${parts.invokedAs ?? command} -- COMMAND`);
  return { kind: 'command', argv };
}

export function toCargoTarget(flags: Flags, parts: SplitLine): CargoTargetRequest {
  return {
    kind: 'cargo',
    cargo: parts.cargo ?? [],
    program: parts.program,
    profile: toProfile(flags),
    profileTimeSeconds: toProfileTimeSeconds(flags),
    typedBefore: [...(parts.invokedAs ?? 'cargo profile-bee').split(' '), ...parts.ours],
  };
}

/** `1,2` or repeated flags, as perf takes them and pgrep -d, writes them; duplicates are merged. */
function toPids(values: readonly string[]): number[] {
  const pids = values.flatMap((value) => value.split(',').map((word) => toPid(word.trim(), value)));
  return [...new Set(pids)];
}

function toPid(word: string, value: string): number {
  if (/^\d+$/.test(word) && Number.isSafeInteger(Number(word)) && Number(word) > 0) return Number(word);
  const message = `--pid ${value}: ${JSON.stringify(word)} is not a pid`;
  throw new UsageError(message, 'pgrep -a NAME   finds the pid of a program');
}

export function toProfileTimeSeconds(flags: Flags): number | undefined {
  const { profileTime } = flags;
  if (profileTime === undefined || profileTime > 0) return profileTime;
  throw new UsageError(
    `${spelling(flags, 'profileTime')} ${profileTime}: choose a number of seconds above zero`,
  );
}

/** Undefined: release (bench for benches). */
export function toProfile(flags: Flags): ProfileSelection | undefined {
  const given = [flags.dev === true, flags.profile !== undefined, flags.asIs === true];
  if (given.filter(Boolean).length > 1) throw twoProfiles(flags);
  if (flags.dev) return { kind: 'dev' };
  if (flags.asIs) return 'as-is';
  return flags.profile === undefined ? undefined : { kind: 'named', name: flags.profile };
}

function twoProfiles({ places }: Flags): UsageError {
  return new UsageError(
    places?.profile === undefined
      ? '--dev, --profile and --as-is exclude each other'
      : `${places.profile}: profile and as-is exclude each other`,
  );
}
