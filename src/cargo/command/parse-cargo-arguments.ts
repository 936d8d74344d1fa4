import { CARGO_FLAGS } from './cargo-flags.js';
import type { CargoPart } from './cargo-part.js';
import { parseVerb } from './cargo-verb.js';
import { type FlagTable, type ScannedArgument, scanFlags } from './flag-scanner.js';
import { nearestName } from './nearest-name.js';
import { scriptCommand } from './script-command.js';
import { shellLine } from './shell-line.js';
import { UsageError } from './usage-error.js';

export { UsageError } from './usage-error.js';

/** The flags of the wrapper itself, names with their dashes, short ones too. */
export type OurFlags = FlagTable;

export interface SplitCommandLine extends CargoPart {
  ours: string[];
}

/**
 * `[OURS…] [-- CARGO… [-- PROGRAM…]]` or `[OURS…] [VERB] [CARGO…] [-- PROGRAM…]`: a verb or a flag of cargo before the
 * first `--` makes what follows it the program's. A name that both have (`--profile`, `-F`) belongs to the part that it
 * stands in. A file of Rust in the place of the verb is one of cargo's scripts. `argv` is without the `profile-bee` that cargo puts in front; `invokedAs` begins the corrected lines.
 *
 * @throws UsageError for a flag of ours in cargo's part, and for one that neither knows. After an explicit `--` an
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
  // nextest has many flags of its own, and says itself which it does not know.
  if (isExplicit || parseVerb(split.cargo).verb === 'nextest') return;
  for (const item of cargoItems(split.cargo, ourFlags))
    if (item.kind === 'flag') refuseUnknown(item.name, CARGO_FLAGS, ourFlags);
}

/**
 * What the check of the line could not see: an alias says nothing of what follows it before it is `expanded`.
 *
 * @throws UsageError for a flag of ours among cargo's
 */
export function refuseOurFlagsAfterAlias(
  typed: CargoPart,
  expanded: CargoPart,
  ourFlags: OurFlags,
  typedBefore: readonly string[],
): void {
  const hasSeparator = expanded.program?.length !== typed.program?.length;
  if (hasSeparator) return; // what follows a `--` of the alias is the program's
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

/** Without the verb and, for `run`, without the program's arguments, which begin at the first positional one. */
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
    `not a flag of cargo, but among cargo's arguments: ${names.join(', ')}`,
    shellLine(line),
  );
}

/** Cargo's part without some of its flags, and with nothing else changed. */
function without(cargo: readonly string[], removed: readonly ScannedArgument[]): string[] {
  const offset = parseVerb(cargo).isTyped ? 1 : 0;
  const gone = new Set(
    removed.flatMap(({ start, tokens }) => tokens.map((_, index) => offset + start + index)),
  );
  return cargo.filter((_, index) => !gone.has(index));
}

/** The proxy of rustup reads a toolchain before the subcommand, and nowhere else. */
function toolchainError({ ours, cargo, program }: SplitCommandLine, isExplicit: boolean): UsageError {
  const [toolchain = '', ...rest] = cargo;
  const programs = program === undefined ? [] : ['--', ...program];
  const separator = isExplicit && (rest.length > 0 || program !== undefined) ? ['--'] : [];
  return new UsageError(
    `a toolchain is chosen before the subcommand: ${toolchain}`,
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
