import { UsageError } from '../../../cargo/command/usage-error.js';
import type { CommandName } from './flag-specification.js';
import { flagsOf } from './flags.js';
import type { FormatFlag } from './options/output-formats.js';
import { readFlags } from './read-flags.js';

/** Flags as typed; absent ones are undefined. Only their types are checked. */
export interface Flags extends Partial<Record<FormatFlag, string>> {
  pid?: string[];
  children?: boolean;
  cmd?: string;
  duration?: number;
  time?: number;
  folded?: boolean;
  output?: string[];
  format?: string;
  groupBy?: string;
  split?: boolean;
  interval?: number;
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
  /** The places of configured values: `profile-bee.toml:3`. */
  places?: Readonly<Record<string, string>>;
}

/** Throws UsageError as `readFlags` does, and for a word that is not a flag. `invokedAs` begins the lines of its advice. */
export async function parseFlags(
  command: CommandName,
  argv: readonly string[],
  invokedAs: string = command,
): Promise<Flags> {
  const { values, operands } = await readFlags(flagsOf(command), argv, `${invokedAs} --help`);
  const [word] = operands;
  if (word !== undefined) throw notAFlag(word, command, invokedAs);
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [camelCase(name), value])) as Flags;
}

function notAFlag(word: string, command: CommandName, invokedAs: string): UsageError {
  const advice = command === 'profile-bee' ? `${invokedAs} -- ${word} …   runs and profiles a command` : '';
  return new UsageError(`${word} is not a flag`, advice);
}

/** `summary-json` → `summaryJson`, the key in `Flags`. */
export function camelCase(name: string): string {
  return name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
