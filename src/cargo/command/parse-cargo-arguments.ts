import { CARGO_FLAGS } from './cargo-flags.js';
import type { CargoPart } from './cargo-part.js';
import { parseVerb } from './cargo-verb.js';
import { type FlagTable, type ScannedArgument, scanFlags } from './flag-scanner.js';
import { nearestName } from './nearest-name.js';
import { scriptCommand } from './script-command.js';
import { shellLine } from './shell-line.js';
import { UsageError } from './usage-error.js';

export { UsageError } from './usage-error.js';

/** The wrapper's own flags, names with their dashes, including short ones. */
export type OurFlags = FlagTable;

export interface SplitCommandLine extends CargoPart {
  ours: string[];
}

/**
 * `[OURS…] [-- CARGO… [-- PROGRAM…]]` or `[OURS…] [VERB] [CARGO…] [-- PROGRAM…]`: if a verb or flag of cargo precedes the
 * first `--`, what follows it belongs to the program. A name that both have (`--profile`, `-F`) belongs to the part it
 * appears in. A Rust file in place of the verb is a cargo script. `argv` does not include the `profile-bee` that cargo puts
 * in front; `invokedAs` begins the corrected lines.
 *
 * @throws UsageError for one of our flags in cargo's part, and for a flag that neither knows. After an explicit `--` an
 * unknown flag goes to cargo, which may be newer than our table.
 */
export function splitCommandLine(
  argv: readonly string[],
  ourFlags: OurFlags,
  invokedAs = 'cargo profile-bee',
): SplitCommandLine {
  const ours = leadingTokens(argv, ourFlags);
  const rest = argv.slice(ours.length);
  const isExplicit = rest[0] === '--';
  if (!isExplicit && rest[0]?.startsWith('-')) refuseUnknown(rest[0], ourFlags, CARGO_FLAGS);
  const afterOurs = isExplicit ? rest.slice(1) : rest;
  const split = { ours, ...(scriptCommand(afterOurs) ?? splitAtSeparator(afterOurs)) };
  if (split.cargo[0]?.startsWith('+')) throw toolchainError(split, isExplicit);
  checkCargoPart(split, ourFlags, isExplicit, invokedAs);
  return split;
}

function splitAtSeparator(line: readonly string[]): CargoPart {
  const separator = line.indexOf('--');
  if (separator < 0) return { cargo: line, program: undefined };
  return { cargo: line.slice(0, separator), program: line.slice(separator + 1) };
}

function leadingTokens(argv: readonly string[], ourFlags: OurFlags): string[] {
  for (const item of scanFlags(argv, ourFlags)) {
    if (item.kind === 'positional' || !isKnown(item.name, ourFlags)) return argv.slice(0, item.start);
  }
  const separator = argv.indexOf('--');
  return separator < 0 ? [...argv] : argv.slice(0, separator);
}

function checkCargoPart(
  split: SplitCommandLine,
  ourFlags: OurFlags,
  isExplicit: boolean,
  invokedAs: string,
): void {
  const typedBefore = [...invokedAs.split(' '), ...split.ours];
  const misplaced = misplacedFlags(split.cargo, ourFlags);
  if (misplaced.length > 0) throw misplacedError(split, misplaced, isExplicit, typedBefore);
  // nextest has many flags of its own and reports unknown ones itself.
  if (isExplicit || parseVerb(split.cargo).verb === 'nextest') return;
  for (const item of cargoItems(split.cargo, ourFlags))
    if (item.kind === 'flag') refuseUnknown(item.name, CARGO_FLAGS, ourFlags);
}

/**
 * The check that the line itself does not allow: before an alias is `expanded`, nothing is known about what follows it.
 *
 * @throws UsageError for one of our flags among cargo's
 */
export function refuseOurFlagsAfterAlias(
  typed: CargoPart,
  expanded: CargoPart,
  ourFlags: OurFlags,
  typedBefore: readonly string[],
): void {
  const hasSeparator = expanded.program?.length !== typed.program?.length;
  if (hasSeparator) return; // what follows a `--` in the alias belongs to the program
  const added = expanded.cargo.length - typed.cargo.length;
  const misplaced = misplacedFlags(expanded.cargo, ourFlags);
  const asTyped = misplaced.map((item) => ({ ...item, start: item.start - added }));
  if (misplaced.length > 0) throw misplacedError(typed, asTyped, false, typedBefore);
}

function misplacedFlags(cargo: readonly string[], ourFlags: OurFlags): ScannedArgument[] {
  return cargoItems(cargo, ourFlags).filter(
    (item) => item.kind === 'flag' && isOnlyOurs(item.name, ourFlags),
  );
}

/** Without the verb and, for `run`, without the program's arguments, which start at the first positional one. */
function cargoItems(cargo: readonly string[], ourFlags: OurFlags): ScannedArgument[] {
  const { verb, args } = parseVerb(cargo);
  if (verb === 'unknown') return [];
  const items = [...scanFlags(args, cargoFirst(ourFlags))];
  const programAt = items.findIndex((item) => item.kind === 'positional');
  return verb === 'run' && programAt >= 0 ? items.slice(0, programAt) : items;
}

function cargoFirst(ourFlags: OurFlags): FlagTable {
  const onlyOurs = [...ourFlags.withValue].filter((name) => !isKnown(name, CARGO_FLAGS));
  return {
    withValue: new Set([...CARGO_FLAGS.withValue, ...onlyOurs]),
    boolean: new Set([...CARGO_FLAGS.boolean]),
  };
}

function misplacedError(
  split: CargoPart,
  misplaced: readonly ScannedArgument[],
  isExplicit: boolean,
  typedBefore: readonly string[],
): UsageError {
  const moved = misplaced.flatMap((item) => item.tokens);
  const names = misplaced.map((item) => (item.kind === 'flag' ? item.name : ''));
  const line = [
    ...typedBefore,
    ...moved,
    ...(isExplicit ? ['--'] : []),
    ...without(split.cargo, misplaced),
    ...(split.program === undefined ? [] : ['--', ...split.program]),
  ];
  return new UsageError(
    `among cargo's arguments, but not a flag of cargo: ${names.join(', ')}`,
    shellLine(line),
  );
}

/** Cargo's part without some of its flags, otherwise unchanged. */
function without(cargo: readonly string[], removed: readonly ScannedArgument[]): string[] {
  const offset = parseVerb(cargo).isTyped ? 1 : 0;
  const gone = new Set(
    removed.flatMap(({ start, tokens }) => tokens.map((_, index) => offset + start + index)),
  );
  return cargo.filter((_, index) => !gone.has(index));
}

/** rustup's proxy reads a toolchain only before the subcommand. */
function toolchainError({ ours, cargo, program }: SplitCommandLine, isExplicit: boolean): UsageError {
  const [toolchain = '', ...rest] = cargo;
  const programs = program === undefined ? [] : ['--', ...program];
  const separator = isExplicit && (rest.length > 0 || program !== undefined) ? ['--'] : [];
  return new UsageError(
    `the toolchain goes before the subcommand: ${toolchain}`,
    shellLine(['cargo', toolchain, 'profile-bee', ...ours, ...separator, ...rest, ...programs]),
  );
}

function refuseUnknown(typed: string, first: FlagTable, second: FlagTable): void {
  const name = typed.startsWith('--') ? (typed.split('=')[0] as string) : typed;
  const short = name.startsWith('--') ? name : name.slice(0, 2);
  if (isKnown(short, first) || isKnown(short, second)) return;
  const nearest = nearestName(name, [...longNames(first), ...longNames(second)]);
  const advice =
    nearest === undefined ? 'cargo profile-bee --help lists the flags' : `did you mean ${nearest}?`;
  throw new UsageError(`unknown flag ${name}`, advice);
}

function isOnlyOurs(name: string, ourFlags: OurFlags): boolean {
  return isKnown(name, ourFlags) && !isKnown(name, CARGO_FLAGS);
}

function isKnown(name: string, table: FlagTable): boolean {
  return table.withValue.has(name) || table.boolean.has(name);
}

function* longNames(table: FlagTable): Generator<string> {
  for (const name of table.withValue) if (name.startsWith('--')) yield name;
  for (const name of table.boolean) if (name.startsWith('--')) yield name;
}
