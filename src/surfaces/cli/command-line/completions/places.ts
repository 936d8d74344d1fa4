import { VERB_SPELLINGS } from '../../../../cargo/command/cargo-verb.js';
import type { Command } from '../../commands/command.js';
import { commandsOf } from '../../commands/commands.js';
import type { CommandName } from '../flag-specification.js';
import { cargoFlags, cargoFlagsOf } from './cargo-flag-facts.js';
import { type CompletedFlag, type CompletedValue, ourFlags } from './completed-flag.js';
import { nextestFlags, nextestValueSpellings } from './nextest-flag-facts.js';

export interface CompletedWord {
  word: string;
  describe: string;
}

/** Where in a command line the cursor can stand, and what may be typed there. */
export interface Place {
  name: string;
  words: readonly CompletedWord[];
  flags: readonly CompletedFlag[];
  /** What else may stand there; `command`: another command with arguments of its own. */
  rest: 'nothing' | 'files' | 'command';
}

/**
 * How a completion script walks a command line: it begins at `first`; a flag of ours leads to `ours`, `--` to `cargo`
 * (`command` for the profiler), a verb or a flag of cargo to the place named after the verb, behind `nextest run` to
 * `NEXTEST_RUN`, the next `--` to `program` or `harness`; after a word of ours follows the place of that name. Anything
 * else: `nothing`.
 */
export interface Grammar {
  command: CommandName;
  ours: readonly CompletedFlag[];
  /** What takes a value in cargo's part; empty for the profiler. */
  cargoWithValue: readonly string[];
  /** The words of other commands of ours. */
  others: readonly string[];
  places: readonly Place[];
}

const VERBS = [...new Set(VERB_SPELLINGS.map(([, verb]) => verb))];

/** Behind the subcommand of `nextest`. */
export const NEXTEST_RUN = 'nextest_run';

const VERB_DESCRIPTIONS: Readonly<Record<string, string>> = {
  run: 'Profile a binary or example',
  test: 'Profile tests',
  bench: 'Profile benches',
  nextest: 'Profile tests through cargo-nextest',
};

export function grammarOf(command: CommandName): Grammar {
  const ours = ourFlags(command);
  const isWrapper = command === 'cargo-profile-bee';
  return {
    command,
    ours,
    cargoWithValue: isWrapper ? cargoSpellings() : [],
    others: commandsOf(command).map(({ word }) => word),
    places: [...(isWrapper ? wrapperPlaces(ours) : profilerPlaces(ours)), ...otherPlaces(command)],
  };
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

function otherPlaces(command: CommandName): Place[] {
  const places = commandsOf(command).map((other): Place => {
    return { name: other.word, words: wordsAfter(other), flags: [], rest: 'nothing' };
  });
  return [...places, { name: 'nothing', words: [], flags: [], rest: 'nothing' }];
}

/** What may follow a command: its subcommands, the values of its operand, its flags. */
function wordsAfter({ subcommands = [], operand, flags = [] }: Command): CompletedWord[] {
  const words = [...(operand?.choices ?? [])].map((word) => ({ word, describe: '' }));
  return [
    ...subcommands.map(({ word, describe }) => ({ word, describe })),
    ...words,
    ...flags.map(({ name, describe }) => ({ word: `--${name}`, describe })),
  ];
}

function verbWords(): CompletedWord[] {
  return VERBS.map((word) => ({ word, describe: VERB_DESCRIPTIONS[word] ?? '' }));
}

function otherWords(command: CommandName): CompletedWord[] {
  return commandsOf(command).map(({ word, describe }) => ({ word, describe }));
}

/** The spellings of `flags` that `taken` leaves free. */
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
  /** Of `PLACE:FLAG`, as shells match them; a FLAG is the same everywhere (`*:FLAG`), or an exception stands before it. */
  patterns: string[];
}

/** What the flags wait for, one group for each kind of value. */
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
