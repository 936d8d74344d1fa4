import type { CommandName } from '../flag-specification.js';

interface Named {
  name: string;
  says: string;
}

/** What only the manual page says. Sentences, one paragraph each; what is typed stands in backquotes. */
export interface ManualText {
  /** Half a sentence for apropos(1). */
  title: string;
  description: readonly string[];
  output: readonly string[];
  exitStatus: readonly string[];
  files: readonly Named[];
  environment: readonly Named[];
  /** Pages of section 1. */
  seeAlso: readonly string[];
}

/** When these texts were last changed. */
export const MANUALS_CHANGED = '2026-11-30';

const QUALITY = [
  'At the end one line on standard error says how good the profile is: samples taken, share of stacks that are complete, share of frames that have a name, share of frames that are guesses where it is above 0.1 %, samples lost, and what profiling cost.',
  'Complete says that a stack reaches the start of its thread by rule, and no more; a guess is a caller that was found by frame pointer in code that does not prove that it keeps one.',
  'Measures of `--require` are complete, symbolized, guessed, lost and unaccounted in percent, samples, frames and depth as counts.',
  'A poor profile is marked in the terminal, in the picture and in the summary of `--summary-json`.',
].join(' ');

const COMMON_FILES = [
  {
    name: '/sys/kernel/btf/vmlinux',
    says: 'The types of the running kernel, without which stacks cannot be unwound inside of it.',
  },
];

const COMMON_ENVIRONMENT = [
  {
    name: 'DISPLAY, WAYLAND_DISPLAY, SSH_CONNECTION, SSH_TTY, CI',
    says: 'Decide, without `--open` or `--no-open`, whether somebody is there to look at a picture.',
  },
  { name: 'NO_COLOR, TERM', says: 'Decide whether messages are in colour.' },
  {
    name: 'DEBUGINFOD_URLS',
    says: 'Servers, by http or https, that are asked by build id for debug files that are not on disk. A request tells them which builds are run. Unset or empty: nobody is asked.',
  },
  {
    name: 'DEBUGINFOD_CACHE_PATH, DEBUGINFOD_TIMEOUT, DEBUGINFOD_MAXTIME, DEBUGINFOD_MAXSIZE',
    says: 'As debuginfod-client-config(7) says.',
  },
  {
    name: 'PROFILE_BEE_RING_BYTES',
    says: 'Size of the buffer between the kernel and the sampler: a power of two, 8388608 by default.',
  },
];

export const MANUALS: Record<CommandName, ManualText> = {
  'cargo-profile-bee': {
    title: 'build, run and profile a Rust program with cargo',
    description: [
      'The program runs exactly as cargo would run it, with its own terminal, arguments, environment and directory, while its stacks are sampled and unwound inside the kernel. It is held before its first instruction until the profiler is ready, so the start is in the picture.',
      'Every signal that can be caught is passed on to the program, in its order and with its value, except SIGCHLD; what was sent to the whole process group has reached it already. Before the program starts a signal does what it does to cargo. A SIGUSR1 before the first line of this command runs, some 30 ms after its start, opens the inspector of Node.',
      "Cargo's arguments stand behind the first `--`, and the program's behind the second. Where a verb or a flag of cargo stands before the first `--`, that one begins the program's arguments. Our own `--profile`, `--quiet`, `--verbose` and `--help` stand before cargo's part; in cargo's part they are cargo's.",
    ],
    output: [QUALITY],
    exitStatus: [
      "As the same cargo command: the program's own code, 101 when tests fail or cargo refuses, 128+n after signal n. The outputs are written all the same. The profiler's own codes:",
    ],
    files: [
      {
        name: 'profile-bee.toml, Cargo.toml',
        says: 'Defaults of a project: at the root of the workspace; under [package.metadata.profile-bee] and [workspace.metadata.profile-bee].',
      },
      { name: 'target/profiles/TARGET-TIME.svg', says: 'The flamegraph, where no output was asked for.' },
      { name: 'target/profile-bee/', says: 'What is built with the profile of our own.' },
      ...COMMON_FILES,
    ],
    environment: [
      { name: 'CARGO', says: 'The cargo to call; cargo sets it for its subcommands.' },
      ...COMMON_ENVIRONMENT,
    ],
    seeAlso: ['profile-bee', 'cargo', 'cargo-run', 'cargo-test', 'cargo-bench', 'perf'],
  },
  'profile-bee': {
    title: 'profile a program or a running process',
    description: [
      'The stacks of the program are sampled and unwound inside the kernel, by its unwind tables, so it needs neither frame pointers nor a build of its own. Children are profiled with it.',
      'Every signal that can be caught is passed on to a command that was started here, in its order and with its value, except SIGCHLD; what was sent to the whole process group has reached it already. With --pid a signal that would end a process ends the profile, which is written. A SIGUSR1 before the first line of this command runs, some 30 ms after its start, opens the inspector of Node.',
    ],
    output: [
      'Without an output file folded stacks go to standard output: frames from the root on, separated by semicolons, then a space and the number of samples.',
      QUALITY,
    ],
    exitStatus: [
      "The program's own code, or 128+n after signal n. The outputs are written all the same. The profiler's own codes:",
    ],
    files: COMMON_FILES,
    environment: COMMON_ENVIRONMENT,
    seeAlso: ['cargo-profile-bee', 'perf'],
  },
};
