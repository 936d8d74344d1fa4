import { execFileSync } from 'node:child_process';
import { CARGO_FLAGS } from '../../src/cargo/command/cargo-flags.js';
import { flagSpellings } from '../../src/surfaces/cli/command-line/flags.js';
import { commandPath } from '../kernel/running/repository.js';

/** Flags of commands of ours that the table of flags does not have. */
const OTHER_COMMANDS = ['setup', 'cache', 'doctor', 'inspect'];

/** Flags of other programs that the pages name. */
const OF_OTHERS = [
  ...['--port', '--seconds', '--fail'], // the example project's server
  ...['--pid=host', '--cap-add', '--userns=host', '--security-opt'], // docker
  ...['--call-graph', '--perf-prof', '--debug-dump', '--bench'], // perf, node, readelf, test harnesses
];

/** Every long flag that a page may name. */
export function knownFlags(): Set<string> {
  const commands = ['cargo-profile-bee', 'profile-bee'] as const;
  const tables = [...commands.map(flagSpellings), CARGO_FLAGS];
  const ofTables = tables.flatMap(({ withValue, boolean }) => [...withValue, ...boolean]);
  return new Set([...ofTables, ...OTHER_COMMANDS.flatMap(flagsInHelp), ...OF_OTHERS]);
}

function flagsInHelp(command: string): string[] {
  const args = [commandPath('profile-bee'), command, '--help'];
  return execFileSync(process.execPath, args, { encoding: 'utf8' }).match(/(?<!\S|\[)--[a-z-]+/g) ?? [];
}
