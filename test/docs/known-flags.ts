import { CARGO_FLAGS } from '../../src/cargo/command/cargo-flags.js';
import {
  type FlagSpecification,
  spellingsOf,
} from '../../src/surfaces/cli/command-line/flag-specification.js';
import { flagSpellings } from '../../src/surfaces/cli/command-line/flags.js';
import type { Command } from '../../src/surfaces/cli/commands/command.js';
import { commandsOf } from '../../src/surfaces/cli/commands/commands.js';

/** Flags of other programs that the pages name. */
const OF_OTHERS = [
  ...['--port', '--seconds', '--fail'], // the example project's server
  ...['--pid=host', '--cap-add', '--userns=host', '--security-opt'], // docker
  ...['--call-graph', '--perf-prof', '--debug-dump', '--bench'], // perf, node, readelf, test harnesses
];

/** Every long flag that a page may name. */
export function knownFlags(): Set<string> {
  const commands = ['cargo-profile-bee', 'profile-bee'] as const;
  const others = commands.flatMap(commandsOf).flatMap(flagsOfCommand);
  const tables = [...commands.map(flagSpellings), CARGO_FLAGS, spellingsOf(others)];
  const ofTables = tables.flatMap(({ withValue, boolean }) => [...withValue, ...boolean]);
  return new Set([...ofTables, ...OF_OTHERS]);
}

function flagsOfCommand({ flags = [], subcommands = [] }: Command): FlagSpecification[] {
  return [...flags, ...subcommands.flatMap(flagsOfCommand)];
}
