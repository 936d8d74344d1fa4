import type { CargoContext } from '../launch/cargo-process.js';
import { type CargoConfig, configured, splitWords } from '../project/cargo-config.js';
import { scanCargoArguments } from './cargo-flags.js';
import type { CargoPart } from './cargo-part.js';
import { shellLine } from './shell-line.js';
import { UsageError } from './usage-error.js';

/** The words of an alias; undefined if there is none of this name. */
export type FindAlias = (name: string) => string[] | undefined;

/** Cargo 1.95 ignores aliases of these names, with a warning. `r`, `t` and `b` can be aliased. */
const COMMANDS = new Set([
  ...['add', 'bench', 'build', 'check', 'clean', 'config', 'doc', 'fetch', 'fix', 'generate-lockfile'],
  ...['git-checkout', 'help', 'info', 'init', 'install', 'locate-project', 'login', 'logout', 'metadata'],
  ...['new', 'owner', 'package', 'pkgid', 'publish', 'read-manifest', 'remove', 'report', 'run', 'rustc'],
  ...['rustdoc', 'search', 'test', 'tree', 'uninstall', 'update', 'vendor', 'verify-project', 'version'],
  'yank',
]);

/** Whether the first word may be an alias, so that the configuration must be read. */
export function canBeAlias([first]: readonly string[]): boolean {
  return first !== undefined && !first.startsWith('-') && !COMMANDS.has(first);
}

/**
 * Replaces the first word for as long as it is an alias: text for text, as cargo does, so that what follows a `--` in the
 * alias belongs to the program.
 *
 * @throws UsageError for a cycle, and for an alias without a command
 */
export function expandAlias(typed: CargoPart, findAlias: FindAlias): CargoPart {
  const line = [...typed.cargo, ...(typed.program === undefined ? [] : ['--', ...typed.program])];
  const expanded = expandLine(line, findAlias, []);
  if (expanded === line) return typed;
  const separator = expanded.indexOf('--');
  if (separator < 0) return { cargo: expanded, program: undefined };
  return { cargo: expanded.slice(0, separator), program: expanded.slice(separator + 1) };
}

function expandLine(
  line: readonly string[],
  findAlias: FindAlias,
  seen: readonly string[],
): readonly string[] {
  const [name = '', ...rest] = line;
  const words = canBeAlias(line) ? findAlias(name) : undefined;
  if (words === undefined) return line;
  const { general, command } = splitAtCommand(name, words);
  const path = [...seen, name];
  if (path.includes(command[0])) throw cycleError([...path, command[0]]);
  const next = [...command, ...rest];
  const expanded = expandLine(next, findAlias, path);
  const [verb, ...args] = command;
  // Measured: cargo drops the flags in front of a word that is itself an alias.
  return expanded === next ? [verb, ...general, ...args, ...rest] : expanded;
}

/** Cargo accepts its general flags before the command too: `-q run` is `run -q`. */
function splitAtCommand(
  name: string,
  words: readonly string[],
): { general: readonly string[]; command: [string, ...string[]] } {
  const at = scanCargoArguments(words).find(({ kind }) => kind === 'positional')?.start ?? words.length;
  const [command, ...args] = words.slice(at);
  if (command !== undefined) return { general: words.slice(0, at), command: [command, ...args] };
  const line = shellLine(words);
  throw new UsageError(
    `cargo's alias ${name} names no command: ${name} = "${line}"`,
    `${name} = "run ${line}"   in the configuration of cargo`,
  );
}

function cycleError(path: readonly string[]): UsageError {
  return new UsageError(
    `cargo's alias ${path[0]} refers to itself: ${path.join(' -> ')}`,
    'rename one of them in the [alias] table of .cargo/config.toml',
  );
}

/** Finds aliases as cargo does: `--config`, `CARGO_ALIAS_…`, files. */
export function aliasesOf(config: CargoConfig, { env }: CargoContext): FindAlias {
  return (name) => {
    const variable = env[`CARGO_ALIAS_${name.toUpperCase().replaceAll(/[-.]/g, '_')}`];
    const words = configured(config, ({ alias }) => alias?.[name], variable);
    return words === undefined ? undefined : splitWords(words);
  };
}
