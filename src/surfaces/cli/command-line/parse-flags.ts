import { nearestName } from '../../../cargo/command/nearest-name.js';
import { UsageError } from '../../../cargo/command/usage-error.js';
import { withoutWorkingDirectory } from '../../../run/working-directory.js';
import { type CommandName, type FlagSpecification, flagSpellings, flagsOf } from './flags.js';

/** Flags as typed; absent ones are undefined. Nothing is validated but their types. */
export interface Flags {
  pid?: string[];
  children?: boolean;
  cmd?: string;
  duration?: number;
  time?: number;
  folded?: boolean;
  svg?: string;
  collapse?: string;
  output?: string[];
  groupBy?: string;
  split?: boolean;
  summaryJson?: string;
  rawSamples?: string;
  require?: string[];
  frequency?: number;
  event?: string;
  unwind?: string;
  dwarf?: boolean;
  maxDepth?: number;
  demangle?: string;
  debuginfodWait?: number;
  tableMemory?: number;
  checkUnwinding?: boolean;
  dev?: boolean;
  profile?: string;
  asIs?: boolean;
  profileTime?: number;
  dryRun?: boolean;
  listTargets?: boolean;
  json?: boolean;
  symbolCache?: number;
  symbolizeAtExit?: boolean;
  open?: boolean;
  quiet?: boolean;
  verbose?: boolean;
  help?: boolean;
  version?: boolean;
  /** Where the values stand that were configured and not typed: `profile-bee.toml:3`. */
  places?: Readonly<Record<string, string>>;
}

/**
 * Throws UsageError for a flag that the command does not have, a missing value, a number that is none. `invokedAs`
 * begins the lines of its advice.
 */
export async function parseFlags(
  command: CommandName,
  argv: readonly string[],
  invokedAs: string = command,
): Promise<Flags> {
  const joined = joinValues(command, argv, invokedAs);
  const parser = await openParser(command);
  const parsed: Record<string, unknown> = await parser.parse(joined);
  const flags = flagsOf(command).map((flag) => [camelCase(flag.name), typedValue(flag, parsed[flag.name])]);
  return Object.fromEntries(flags.filter(([, value]) => value !== undefined)) as Flags;
}

/** yargs reads values here and no more: its own help and errors would not know the two grammars. */
async function openParser(command: CommandName) {
  const { default: yargs } = await withoutWorkingDirectory(async () => await import('yargs'));
  const options = flagsOf(command).map((flag) => [flag.name, yargsOption(flag)]);
  return yargs([], '/') // the folder is for a configuration that it would read in package.json
    .help(false)
    .version(false)
    .exitProcess(false)
    .fail(false)
    .parserConfiguration({ 'camel-case-expansion': false, 'strip-aliased': true, 'greedy-arrays': false })
    .options(Object.fromEntries(options));
}

/** Numbers arrive as text too: yargs would turn a bad one into NaN, which says nothing about what was typed. */
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

/** Each flag with its value in one word: yargs would take a value like `-` for a flag. Throws UsageError. */
function joinValues(command: CommandName, argv: readonly string[], invokedAs: string): string[] {
  const { withValue, boolean } = flagSpellings(command);
  const joined: string[] = [];
  for (let index = 0; index < argv.length; index++) {
    const argument = argv[index]!;
    const spelling = argument.startsWith('--') ? argument.split('=', 1)[0]! : argument.slice(0, 2);
    if (withValue.has(spelling)) {
      const value = spelling === argument ? argv[++index] : argument.slice(spelling.length).replace(/^=/, '');
      if (value === undefined || value === '') throw new UsageError(`${spelling} needs a value`);
      joined.push(`${spelling}=${value}`);
    } else if (boolean.has(spelling)) joined.push(argument);
    else throw unknownArgument({ command, invokedAs }, argument, [...withValue, ...boolean]);
  }
  return joined;
}

function unknownArgument(
  { command, invokedAs }: { command: CommandName; invokedAs: string },
  argument: string,
  known: readonly string[],
): UsageError {
  if (!argument.startsWith('-')) {
    const advice =
      command === 'profile-bee' ? `${invokedAs} -- ${argument} …   runs and profiles a command` : '';
    return new UsageError(`${argument} is not a flag`, advice);
  }
  const longFlags = known.filter((flag) => flag.startsWith('--'));
  const nearest = nearestName(argument.split('=', 1)[0]!, longFlags, 2);
  const advice = nearest === undefined ? `${invokedAs} --help   lists the flags` : `did you mean ${nearest}?`;
  return new UsageError(`unknown flag ${argument}`, advice);
}

/** `summary-json` → `summaryJson`, the key in `Flags`. */
export function camelCase(name: string): string {
  return name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
