import { VERB_SPELLINGS } from '../../../../cargo/command/cargo-verb.js';
import type { Command } from '../../commands/command.js';
import { commandsOf } from '../../commands/commands.js';
import type { CommandName } from '../flag-specification.js';
import { flagsOf } from '../flags.js';
import { cargoFlags, cargoFlagsOf } from './cargo-flag-facts.js';
import { type CompletedFlag, type CompletedValue, completedFlags } from './completed-flag.js';
import { nextestFlags, nextestValueSpellings } from './nextest-flag-facts.js';

export interface CompletedWord {
  word: string;
  describe: string;
}

/** A position of the cursor in a command line, and what can be typed there. */
export interface Place {
  name: string;
  words: readonly CompletedWord[];
  flags: readonly CompletedFlag[];
  /** What else can be typed there; `command`: another command with its arguments. */
  rest: 'nothing' | 'files' | 'command';
}

/**
 * How a completion script walks a command line: it starts at `first`; one of our flags leads to `ours`, `--` to `cargo`
 * (`command` for the profiler), a verb or flag of cargo to the place named after the verb, after `nextest run` to
 * `NEXTEST_RUN`, the next `--` to `program` or `harness`; one of our command words leads to the place of that name, and
 * a subcommand to one below it; their flags stay there. Anything else: `nothing`.
 */
export interface Grammar {
  command: CommandName;
  ours: readonly CompletedFlag[];
  /** Flags of cargo that take a value; empty for the profiler. */
  cargoWithValue: readonly string[];
  /** Our other commands and their subcommands. */
  others: readonly OtherCommand[];
  places: readonly Place[];
}

export interface OtherCommand {
  word: string;
  /** Where its word leads. */
  place: string;
  /** Where its word stands: `first`, or the place of its command. */
  from: string;
  command: Command;
}

const VERBS = [...new Set(VERB_SPELLINGS.map(([, verb]) => verb))];

/** After the subcommand of `nextest`. */
export const NEXTEST_RUN = 'nextest_run';

const VERB_DESCRIPTIONS: Readonly<Record<string, string>> = {
  run: 'Profile a binary or example',
  test: 'Profile tests',
  bench: 'Profile benches',
  nextest: 'Profile tests through cargo-nextest',
};

export function grammarOf(command: CommandName): Grammar {
  const ours = completedFlags(flagsOf(command));
  const others = commandsOf(command).flatMap((other) => otherCommands(other));
  const isWrapper = command === 'cargo-profile-bee';
  return {
    command,
    ours,
    cargoWithValue: isWrapper ? cargoSpellings() : [],
    others,
    places: [...(isWrapper ? wrapperPlaces(ours) : profilerPlaces(ours)), ...others.map(otherPlace), NOTHING],
  };
}

const NOTHING: Place = { name: 'nothing', words: [], flags: [], rest: 'nothing' };

function otherCommands(command: Command, from = 'first'): OtherCommand[] {
  const { word, subcommands = [] } = command;
  const place = from === 'first' ? word : `${from}_${word.replaceAll('-', '_')}`;
  return [{ word, place, from, command }, ...subcommands.flatMap((below) => otherCommands(below, place))];
}

function cargoSpellings(): string[] {
  const cargos = cargoFlags().filter(({ value }) => value !== undefined);
  return [...new Set([...cargos.flatMap(({ spellings }) => spellings), ...nextestValueSpellings()])];
}

function wrapperPlaces(ours: readonly CompletedFlag[]): Place[] {
  const run = cargoFlagsOf('run');
  const both = [...ours, ...without(run, ours)];
  return [
    {
      name: 'first',
      words: [...verbWords(), ...otherWords('cargo-profile-bee')],
      flags: both,
      rest: 'nothing',
    },
    { name: 'ours', words: verbWords(), flags: both, rest: 'nothing' },
    { name: 'cargo', words: verbWords(), flags: run, rest: 'nothing' },
    ...VERBS.flatMap(verbPlaces),
    { name: 'program', words: [], flags: [], rest: 'files' },
    { name: 'harness', words: [], flags: [], rest: 'nothing' },
  ];
}

function verbPlaces(verb: string): Place[] {
  if (verb !== 'nextest') return [{ name: verb, words: [], flags: cargoFlagsOf(verb), rest: 'nothing' }];
  const flags = nextestFlags();
  const words = [{ word: 'run', describe: 'Run and profile the tests' }];
  return [
    { name: verb, words, flags, rest: 'nothing' },
    { name: NEXTEST_RUN, words: [], flags, rest: 'nothing' },
  ];
}

function profilerPlaces(ours: readonly CompletedFlag[]): Place[] {
  return [
    { name: 'first', words: otherWords('profile-bee'), flags: ours, rest: 'nothing' },
    { name: 'ours', words: [], flags: ours, rest: 'nothing' },
    { name: 'command', words: [], flags: [], rest: 'command' },
  ];
}

function otherPlace({ place, command }: OtherCommand): Place {
  const { subcommands = [], operand, flags = [] } = command;
  const choices = (operand?.choices ?? []).map((word) => ({ word, describe: '' }));
  const words = [...subcommands.map(({ word, describe }) => ({ word, describe })), ...choices];
  // zsh and fish offer a flag where nothing is typed only as a word.
  const hasOnlyFlags = words.length === 0 && operand === undefined;
  const flagWords = flags.map(({ name, describe }) => ({ word: `--${name}`, describe }));
  return {
    name: place,
    words: hasOnlyFlags ? flagWords : words,
    flags: completedFlags(flags),
    rest: operand !== undefined && operand.choices === undefined ? 'files' : 'nothing',
  };
}

function verbWords(): CompletedWord[] {
  return VERBS.map((word) => ({ word, describe: VERB_DESCRIPTIONS[word] ?? '' }));
}

function otherWords(command: CommandName): CompletedWord[] {
  return commandsOf(command).map(({ word, describe }) => ({ word, describe }));
}

/** The spellings of `flags` not in `taken`. */
function without(flags: readonly CompletedFlag[], taken: readonly CompletedFlag[]): CompletedFlag[] {
  const gone = new Set(taken.flatMap(({ spellings }) => spellings));
  const free = flags.map((flag) => ({
    ...flag,
    spellings: flag.spellings.filter((name) => !gone.has(name)),
  }));
  return free.filter(({ spellings }) => spellings.length > 0);
}

export interface ValueGroup {
  value: CompletedValue;
  /** Shell patterns of `PLACE:FLAG`; a FLAG means the same everywhere (`*:FLAG`), unless an exception precedes it. */
  patterns: string[];
}

/** Flags grouped by the kind of value that they need. */
export function valueGroups({ places }: Grammar): ValueGroup[] {
  const usual = new Map<string, ValueGroup>();
  const exceptions = new Map<string, ValueGroup>();
  const kinds = new Map<string, string>();
  for (const { place, spelling, value } of places.flatMap(waitingFlags)) {
    const kind = JSON.stringify(value);
    const usualKind = kinds.get(spelling);
    if (usualKind === kind) continue;
    kinds.set(spelling, usualKind ?? kind);
    if (usualKind === undefined) addPattern(usual, kind, value, `*:${spelling}`);
    else addPattern(exceptions, kind, value, `${place}:${spelling}`);
  }
  return [...exceptions.values(), ...usual.values()];
}

function waitingFlags({ name: place, flags }: Place) {
  return flags.flatMap(({ spellings, value }) =>
    value === undefined ? [] : spellings.map((spelling) => ({ place, spelling, value })),
  );
}

function addPattern(
  groups: Map<string, ValueGroup>,
  kind: string,
  value: CompletedValue,
  pattern: string,
): void {
  const group = groups.get(kind) ?? { value, patterns: [] };
  groups.set(kind, group);
  group.patterns.push(pattern);
}

/** `PLACE:FLAG` of each flag of our other commands that needs a value. */
export function flagsOfOthersWithValue({ others }: Grammar): string[] {
  return others.flatMap(({ place, command }) =>
    completedFlags(command.flags ?? []).flatMap(({ spellings, value }) =>
      value === undefined ? [] : spellings.map((spelling) => `${place}:${spelling}`),
    ),
  );
}
