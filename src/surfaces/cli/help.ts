import { type CommandName, type FlagSpecification, flagsOf } from './flags.js';

/** Parts of the text, for a command that was typed as `name`. */
type HelpText = (name: string) => string;

const HEADS: Record<CommandName, HelpText> = {
  'cargo-profile-bee':
    () => `Builds, runs and profiles a Rust program; draws a flamegraph of where its CPU time goes.

usage: cargo profile-bee [FLAGS] [run|test|bench] [CARGO FLAGS] [-- PROGRAM ARGUMENTS]
       cargo-profile-bee [FLAGS] -- [run|test|bench] [CARGO FLAGS] [-- PROGRAM ARGUMENTS]

`,
  'profile-bee': (
    name,
  ) => `Profiles a program or a running process; prints folded stacks or draws a flamegraph.

usage: ${name} [FLAGS] -- COMMAND [ARGUMENTS]
       ${name} [FLAGS] --pid PID

`,
};

const PROFILER_EXAMPLES = [
  ['--svg out.svg -- ./server --port 8080', 'until it exits'],
  [`--svg out.svg --cmd "./server 'two words'"`, 'the same, as one string'],
  ['--pid 4242 -d 10 -F 997 --svg out.svg', 'ten seconds of a running process'],
  ['-- make -j8 | head', 'folded stacks on standard output'],
] as const;

const TAILS: Record<CommandName, HelpText> = {
  'cargo-profile-bee': () => `
examples:
  cargo profile-bee                                       profile what \`cargo run\` would run
  cargo profile-bee --bin server -- --port 8080           one binary, with arguments of its own
  cargo profile-bee --svg out.svg -- --release --bin server
  cargo profile-bee -- test my_heavy_test                 profile a test
  cargo profile-bee --group-by test --split -o out.svg -- test
  cargo profile-bee --require 'complete>=99,lost<=1' --summary-json run.json -- bench
  cargo profile-bee record --pid 4242 -d 10               what the command profile-bee does (record --help)

The build uses a profile of its own (release with line tables, in target/profile-bee); Cargo.toml and
target/release are left alone. Without an output flag the flamegraph goes to target/profiles/.
Defaults can stand in profile-bee.toml at the root of the workspace, and under [package.metadata.profile-bee] or
[workspace.metadata.profile-bee] in Cargo.toml: frequency = 499, open = false, …
The exit code is the program's; 2 usage, 77 missing privilege, 125 the profiler failed, 6 a rule failed.
`,
  'profile-bee': (name) => `
examples:
${exampleLines(name)}

While stacks go to standard output, what the command prints goes to standard error.
When the time given with -d or --time is up, a command that was started here gets SIGTERM.
The exit code is the program's; 2 usage, 77 missing privilege, 125 the profiler failed, 6 a rule failed.
`,
};

/** Everything that `--help` says. `invokedAs`: as the command was typed. */
export function helpText(command: CommandName, invokedAs: string = command): string {
  const flags = flagsOf(command);
  const width = Math.max(...flags.map((flag) => spelling(flag).length));
  const table = flags.map((flag) => `  ${spelling(flag).padEnd(width)}  ${flag.describe}\n`).join('');
  return `${HEADS[command](invokedAs)}flags:\n${table}${TAILS[command](invokedAs)}`;
}

function exampleLines(name: string): string {
  const width = Math.max(...PROFILER_EXAMPLES.map(([typed]) => typed.length));
  return PROFILER_EXAMPLES.map(([typed, says]) => `  ${name} ${typed.padEnd(width)}  ${says}`).join('\n');
}

function spelling({ name, alias, value }: FlagSpecification): string {
  const short = alias === undefined ? '    ' : `-${alias}, `;
  return `${short}--${name}${value === undefined ? '' : ` ${value}`}`;
}
