import { resolve } from 'node:path';
import { UsageError } from '../../../../cargo/command/usage-error.js';
import { FOLDED } from '../../../../formats/folded.js';
import type { CommandName } from '../flag-specification.js';
import type { Flags } from '../parse-flags.js';
import { oneOf } from './one-of.js';
import {
  FORMAT_FLAGS,
  FORMAT_WORDS,
  formatNamed,
  formatOfPath,
  KNOWN_ENDINGS,
  type OutputFormat,
} from './output-formats.js';
import type { OutputRequest } from './record-options.js';
import { spelling } from './spelling.js';

export function toOutputs(flags: Flags): OutputRequest[] {
  const named = toNamedFormat(flags);
  const outputs: OutputRequest[] = FORMAT_FLAGS.flatMap(({ flag, format }) => {
    const path = flags[flag];
    return path === undefined ? [] : [{ path, format }];
  });
  for (const path of flags.output ?? []) outputs.push({ path, format: formatOf(flags, path, named) });
  if (flags.folded) outputs.push({ path: undefined, format: FOLDED });
  const paths = outputs.map(({ path }) => (path === '-' ? undefined : path));
  checkDistinct(flags, [...paths, flags.summaryJson, flags.rawSamples]);
  return outputs.map(({ format }, index) => ({ path: paths[index], format }));
}

/** The format of `--format`. Throws UsageError where it would decide nothing. */
function toNamedFormat(flags: Flags): OutputFormat | undefined {
  if (flags.format === undefined) return undefined;
  const word = oneOf('--format', flags.format, FORMAT_WORDS);
  if (!(flags.output ?? []).some((path) => formatOfPath(path) === undefined)) {
    const message = `--format ${word}: it is for -o, and for names without an ending that tells the format`;
    throw new UsageError(message, `-o NAME --format ${word}, or -o - for standard output`);
  }
  return formatNamed(word);
}

export function toSplit(command: CommandName, flags: Flags): boolean {
  if (!flags.split) return false;
  const outputs = toOutputs(flags);
  const isToStandardOutput = outputs.length === 0 && command === 'profile-bee';
  if (isToStandardOutput || outputs.some(({ path }) => path === undefined)) {
    const message = '--split writes one file per root, but the stacks go to standard output';
    throw new UsageError(message, '-o FILE.svg --split');
  }
  return true;
}

/** Standard output is only for folded stacks. */
export function toRawSamplesPath(flags: Flags): string | undefined {
  if (flags.rawSamples !== '-') return flags.rawSamples;
  throw new UsageError(
    `${spelling(flags, 'rawSamples')} -: raw samples must go to a file`,
    '--raw-samples FILE',
  );
}

function checkDistinct(flags: Flags, paths: readonly (string | undefined)[]): void {
  const files = paths.map((path) => (path === undefined ? undefined : resolve(path)));
  const twice = paths.find((path, index) => path !== undefined && files.indexOf(files[index]) !== index);
  if (twice !== undefined && !twice.startsWith('/dev/'))
    throw new UsageError(`${placeOf(flags, twice)}${twice} is given for two outputs`);
}

/** Where a path was configured, as a prefix of an error; empty if it was typed. */
function placeOf(flags: Flags, path: string): string {
  const keys = ['summaryJson', 'rawSamples', 'output', ...FORMAT_FLAGS.map(({ flag }) => flag)] as const;
  const key = keys.find((name) => flags.places?.[name] !== undefined && [flags[name]].flat().includes(path));
  return key === undefined ? '' : `${flags.places?.[key]}: `;
}

/** The ending decides, then `--format`; without either, standard output takes folded stacks. */
function formatOf(flags: Flags, path: string, named: OutputFormat | undefined): OutputFormat {
  const format = formatOfPath(path) ?? named ?? (path === '-' ? FOLDED : undefined);
  if (format !== undefined) return format;
  const isTyped = flags.places?.output === undefined;
  const known = `known endings: ${KNOWN_ENDINGS.join(', ')}`;
  throw new UsageError(
    `${isTyped ? '-o' : spelling(flags, 'output')} ${path}: the name does not determine the format`,
    isTyped
      ? `${known}; or add --format NAME: ${FORMAT_WORDS.join(', ')}`
      : `${known}; ${FORMAT_FLAGS.map(({ flag }) => flag).join(' and ')} take any name`,
  );
}
