import { PRIVILEGE, PROFILER, USAGE } from './errors/exit-status.js';
import type { CommandName } from './flag-specification.js';

/** The content of `--help` and the manual page, without the flags. */
export interface CommandPage {
  /** One sentence. */
  purpose: string;
  synopses: readonly string[];
  examples: readonly { line: string; says?: string }[];
  /** Paragraphs of lines that fit a terminal. */
  notes: readonly (readonly string[])[];
}

export const COMMAND_PAGES: Record<CommandName, CommandPage> = {
  'cargo-profile-bee': {
    purpose: 'Build, run and profile a Rust program, and draw a flamegraph of where its CPU time goes.',
    synopses: [
      'cargo profile-bee [FLAGS] [run|test|bench] [CARGO FLAGS] [-- PROGRAM ARGUMENTS]',
      'cargo-profile-bee [FLAGS] -- [run|test|bench] [CARGO FLAGS] [-- PROGRAM ARGUMENTS]',
    ],
    examples: [
      { line: 'cargo profile-bee', says: 'profile what `cargo run` would run' },
      {
        line: 'cargo profile-bee --bin server -- --port 8080',
        says: 'profile one binary, with arguments',
      },
      { line: 'cargo profile-bee --svg out.svg -- --release --bin server' },
      { line: 'cargo profile-bee -- test my_heavy_test', says: 'profile a test' },
      { line: 'cargo profile-bee --group-by test --split -o out.svg -- test' },
      { line: "cargo profile-bee --require 'complete>=99,lost<=1' --summary-json run.json -- bench" },
      {
        line: 'cargo profile-bee record --pid 4242 -d 10',
        says: 'profile any process, as profile-bee does (record --help)',
      },
    ],
    notes: [
      [
        'The build uses its own cargo profile (release with line tables, in target/profile-bee) and does not touch',
        'Cargo.toml or target/release. Without an output flag the flamegraph goes to target/profiles/.',
      ],
      [
        'Set defaults in profile-bee.toml at the root of the workspace, or in Cargo.toml under',
        '[workspace.metadata.profile-bee] or [package.metadata.profile-bee]: frequency = 499, open = false, …',
      ],
    ],
  },
  'profile-bee': {
    purpose: 'Profile a command or a running process, and print folded stacks or draw a flamegraph.',
    synopses: ['profile-bee [FLAGS] -- COMMAND [ARGUMENTS]', 'profile-bee [FLAGS] --pid PID'],
    examples: [
      { line: 'profile-bee --svg out.svg -- ./server --port 8080', says: 'until it exits' },
      { line: `profile-bee --svg out.svg --cmd "./server 'two words'"`, says: 'the same, as one string' },
      {
        line: 'profile-bee --pid 4242 -d 10 -F 997 --svg out.svg',
        says: 'ten seconds of a running process',
      },
      {
        line: 'profile-bee --pid 4242 --interval 60 -o p-%t.svg',
        says: 'a flamegraph of each minute',
      },
      { line: 'profile-bee -- make -j8 | head', says: 'folded stacks on standard output' },
    ],
    notes: [
      ['If folded stacks go to standard output, the command’s own output goes to standard error.'],
      ['When the time of -d or --time is up, a command started by profile-bee gets SIGTERM.'],
    ],
  },
};

/** Our exit codes; any other is the program's or cargo's. */
export const EXIT_CODES: readonly { code: number; says: string; more: string }[] = [
  { code: USAGE.code, says: 'usage', more: 'Also: no such process, or an output that cannot be written.' },
  { code: PRIVILEGE.code, says: 'missing privilege', more: "Also: another user's process." },
  {
    code: PROFILER.code,
    says: 'the profiler failed',
    more: 'Standard error says what was attempted and why it failed. Also: --check-unwinding found a wrong stack.',
  },
  { code: 6, says: 'a rule failed', more: 'A rule of --require failed; the outputs are written anyway.' },
];
