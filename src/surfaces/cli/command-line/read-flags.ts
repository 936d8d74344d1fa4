import { nearestName } from '../../../cargo/command/nearest-name.js';
import { UsageError } from '../../../cargo/command/usage-error.js';
import { withoutWorkingDirectory } from '../../../run/working-directory.js';
import { type FlagSpecification, spellingsOf } from './flag-specification.js';

/** A parsed command line: values by flag name, and the remaining words. */
export interface ReadLine {
  /** `true` or `false`, a text or a number; an array for a repeatable flag. Absent: not typed. */
  values: Record<string, unknown>;
  operands: string[];
}

/**
 * Parses flags according to their table. `helpLine` is the advice for a flag without a similar one. Throws UsageError for
 * an unknown flag, a missing value, or a bad number.
 */
export async function readFlags(
  flags: readonly FlagSpecification[],
  argv: readonly string[],
  helpLine: string,
): Promise<ReadLine> {
  const { joined, operands } = joinValues(flags, argv, helpLine);
  const parser = await openParser(flags);
  const parsed: Record<string, unknown> = await parser.parse(joined);
  const values = flags.map((flag) => [flag.name, typedValue(flag, parsed[flag.name])]);
  return { values: Object.fromEntries(values.filter(([, value]) => value !== undefined)), operands };
}

/** yargs only parses values here: its own help and errors do not know our grammars. */
async function openParser(flags: readonly FlagSpecification[]) {
  const { default: yargs } = await withoutWorkingDirectory(async () => await import('yargs'));
  const options = flags.map((flag) => [flag.name, yargsOption(flag)]);
  return yargs([], '/') // the folder keeps it from reading configuration in a package.json
    .help(false)
    .version(false)
    .exitProcess(false)
    .fail(false)
    .parserConfiguration({ 'camel-case-expansion': false, 'strip-aliased': true, 'greedy-arrays': false })
    .options(Object.fromEntries(options));
}

/** Numbers are read as text too: yargs would turn a bad one into NaN, which does not show what was typed. */
function yargsOption(flag: FlagSpecification): Record<string, unknown> {
  return {
    ...(flag.alias === undefined ? {} : { alias: flag.alias }),
    ...(flag.value === undefined ? {} : { requiresArg: true }),
    type: flag.type === 'boolean' ? 'boolean' : 'string',
    ...(flag.isRepeatable ? { array: true } : {}),
  };
}

function typedValue(flag: FlagSpecification, value: unknown): unknown {
  if (value === undefined || flag.isRepeatable || flag.type === 'boolean') return value;
  if (Array.isArray(value)) throw new UsageError(`--${flag.name} was given ${value.length} times`);
  if (flag.type === 'string') return value;
  const number = Number(value);
  if (!/^-?\d+(\.\d+)?$/.test(String(value))) {
    throw new UsageError(`--${flag.name} needs a number, not ${JSON.stringify(value)}`);
  }
  return number;
}

/** Joins each flag with its value into one word: yargs would take a value like `-` for a flag. Throws UsageError. */
function joinValues(
  flags: readonly FlagSpecification[],
  argv: readonly string[],
  helpLine: string,
): { joined: string[]; operands: string[] } {
  const { withValue, boolean } = spellingsOf(flags);
  const joined: string[] = [];
  const operands: string[] = [];
  for (let index = 0; index < argv.length; index++) {
    const argument = argv[index]!;
    const spelling = argument.startsWith('--') ? argument.split('=', 1)[0]! : argument.slice(0, 2);
    if (withValue.has(spelling)) {
      const value = spelling === argument ? argv[++index] : argument.slice(spelling.length).replace(/^=/, '');
      if (value === undefined || value === '') throw new UsageError(`${spelling} needs a value`);
      joined.push(`${spelling}=${value}`);
    } else if (boolean.has(spelling)) joined.push(argument);
    else if (argument.startsWith('-')) throw unknownFlag(argument, [...withValue, ...boolean], helpLine);
    else operands.push(argument);
  }
  return { joined, operands };
}

function unknownFlag(argument: string, known: readonly string[], helpLine: string): UsageError {
  const longFlags = known.filter((flag) => flag.startsWith('--'));
  const nearest = nearestName(argument.split('=', 1)[0]!, longFlags, 2);
  const advice = nearest === undefined ? `${helpLine}   lists the flags` : `did you mean ${nearest}?`;
  return new UsageError(`unknown flag ${argument}`, advice);
}
