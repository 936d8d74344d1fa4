import { extname, resolve } from 'node:path';
import { UsageError } from '../../../../cargo/command/usage-error.js';
import type { CommandName } from '../flag-specification.js';
import type { Flags } from '../parse-flags.js';
import type { OutputFormat, OutputRequest } from './record-options.js';
import { spelling } from './spelling.js';

const FORMATS: Record<string, OutputFormat> = { '.svg': 'svg', '.folded': 'folded', '.collapsed': 'folded' };

export function toOutputs(flags: Flags): OutputRequest[] {
  const outputs: OutputRequest[] = [];
  if (flags.svg !== undefined) outputs.push({ path: flags.svg, format: 'svg' });
  if (flags.collapse !== undefined) outputs.push({ path: flags.collapse, format: 'folded' });
  for (const path of flags.output ?? []) outputs.push({ path, format: formatOf(flags, path) });
  if (flags.folded) outputs.push({ path: undefined, format: 'folded' });
  const paths = outputs.map(({ path }) => (path === '-' ? undefined : path));
  checkDistinct(flags, [...paths, flags.summaryJson, flags.rawSamples]);
  return outputs.map(({ format }, index) => ({ path: paths[index], format }));
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
  const keys = ['summaryJson', 'rawSamples', 'output', 'collapse', 'svg'] as const;
  const key = keys.find((name) => flags.places?.[name] !== undefined && [flags[name]].flat().includes(path));
  return key === undefined ? '' : `${flags.places?.[key]}: `;
}

function formatOf(flags: Flags, path: string): OutputFormat {
  const format = path === '-' ? 'folded' : FORMATS[extname(path).toLowerCase()];
  if (format !== undefined) return format;
  const endings = Object.keys(FORMATS).join(', ');
  const isTyped = flags.places?.output === undefined;
  throw new UsageError(
    `${isTyped ? '-o' : spelling(flags, 'output')} ${path}: the name does not determine the format`,
    isTyped
      ? `known endings: ${endings}; or use --svg ${path} or --collapse ${path}`
      : `known endings: ${endings}; svg and collapse take any name`,
  );
}
