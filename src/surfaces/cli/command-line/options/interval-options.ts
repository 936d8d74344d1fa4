import { shellLine } from '../../../../cargo/command/shell-line.js';
import { UsageError } from '../../../../cargo/command/usage-error.js';
import { correctedIntervalName } from '../../outputs/interval-name.js';
import type { CommandName } from '../flag-specification.js';
import type { Flags } from '../parse-flags.js';
import { MIN_INTERVAL_SECONDS } from './limits.js';
import { spelling } from './spelling.js';

/** With `--interval`, the name of every output must tell the intervals apart. Throws UsageError. */
export function toIntervalMs(command: CommandName, flags: Flags): number | undefined {
  const { interval } = flags;
  if (interval === undefined) return undefined;
  if (!(interval >= MIN_INTERVAL_SECONDS) || interval === Number.POSITIVE_INFINITY)
    throw new UsageError(
      `${spelling(flags, 'interval')} ${interval}: choose a number of seconds, ${MIN_INTERVAL_SECONDS} or more`,
    );
  checkStandardOutput(command, flags);
  for (const key of ['svg', 'collapse', 'output', 'rawSamples'] as const)
    for (const name of [flags[key] ?? []].flat()) checkName(flags, key, name);
  return interval * 1000;
}

function checkStandardOutput(command: CommandName, flags: Flags): void {
  const { svg, collapse, output = [], folded } = flags;
  const isDefault =
    command === 'profile-bee' && svg === undefined && collapse === undefined && output.length === 0;
  if (folded || isDefault || [svg, collapse, ...output].includes('-'))
    throw new UsageError(
      '--interval writes one file for each interval, but the stacks go to standard output',
      '-o profile-%n.folded   (%n: the number of the interval, %t: its time)',
    );
}

function checkName(flags: Flags, key: 'svg' | 'collapse' | 'output' | 'rawSamples', name: string): void {
  const corrected = correctedIntervalName(name);
  if (corrected === undefined) return;
  const flag = key === 'output' && flags.places?.output === undefined ? '-o' : spelling(flags, key);
  throw new UsageError(
    `${flag} ${name}: with --interval, a name needs %n (the number of the interval) or %t (its time), and %% for a percent`,
    `${flag} ${shellLine([corrected])}`,
  );
}
