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
export const MANUALS_CHANGED = '2026-12-01';

export const FORMATS_INTRODUCTION = [
  'A file of `--output` has the format that the ending of its name tells. If there are several, the longest decides. `--format` is for names without one, and for standard output.',
];

const QUALITY = [
  'The last line on standard error says how good the profile is: samples taken, share of complete stacks, share of symbolized frames, share of guessed frames if above 0.1 %, samples lost, and the cost of profiling.',
  'A complete stack reaches the start of its thread by unwinding rules; that alone does not prove every frame in it. A guessed frame is a caller found by frame pointer in code that does not prove that it keeps one.',
  'Rules of `--require` can test complete, symbolized, guessed, lost and unaccounted in percent, and samples, frames and depth as counts.',
  'A poor profile is marked in the terminal, in the flamegraph and in the summary of `--summary-json`.',
].join(' ');

const COMMON_FILES = [
  {
    name: '/sys/kernel/btf/vmlinux',
    says: 'Types of the running kernel; unwinding inside the kernel needs them.',
  },
];

const COMMON_ENVIRONMENT = [
  {
    name: 'DISPLAY, WAYLAND_DISPLAY, SSH_CONNECTION, SSH_TTY, CI',
    says: 'Decide whether to open the flamegraph, unless `--open` or `--no-open` is given.',
  },
  { name: 'NO_COLOR, TERM', says: 'Decide whether messages are coloured.' },
  {
    name: 'DEBUGINFOD_URLS',
    says: 'HTTP or HTTPS servers to ask, by build id, for debug files that are not on disk. A request tells the server which builds you run. Unset or empty: no server is asked.',
  },
  {
    name: 'DEBUGINFOD_CACHE_PATH, DEBUGINFOD_TIMEOUT, DEBUGINFOD_MAXTIME, DEBUGINFOD_MAXSIZE',
    says: 'See debuginfod-client-config(7).',
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
      'The program runs exactly as cargo would run it, with the same terminal, arguments, environment and directory. Its stacks are sampled and unwound inside the kernel. It is held before its first instruction until the profiler is ready, so the profile includes its start.',
      'Every signal that can be caught, except SIGCHLD, is passed on to the program in order and with its value, unless the signal was sent to the whole process group and has reached the program already. Before the program starts, a signal does what it does to cargo. A SIGUSR1 in the first 30 ms or so opens the inspector of Node.',
      "Cargo's arguments follow the first `--`, and the program's follow the second. If a cargo verb or flag stands before the first `--`, that `--` begins the program's arguments. The profiler's own `--profile`, `--quiet`, `--verbose` and `--help` stand before cargo's part; within it they are cargo's.",
    ],
    output: [QUALITY],
    exitStatus: [
      "That of the same cargo command: the program's own code, 101 if tests fail or cargo refuses, 128+n after signal n. The outputs are written in all of these cases. The profiler's own codes:",
    ],
    files: [
      {
        name: 'profile-bee.toml, Cargo.toml',
        says: 'Defaults of a project: at the root of the workspace, or under [package.metadata.profile-bee] and [workspace.metadata.profile-bee].',
      },
      { name: 'target/profiles/TARGET-TIME.svg', says: 'The flamegraph, if no output was asked for.' },
      { name: 'target/profile-bee/', says: 'What is built with the derived profile.' },
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
      'The stacks of the program are sampled and unwound inside the kernel with its unwind tables, so it needs neither frame pointers nor a special build. Its children are profiled too.',
      'Every signal that can be caught, except SIGCHLD, is passed on to the command in order and with its value, unless the signal was sent to the whole process group and has reached the command already. With --pid, a signal that would end a process ends the profile, which is written. A SIGUSR1 in the first 30 ms or so opens the inspector of Node.',
    ],
    output: [
      'Without an output file, folded stacks go to standard output: frames from root to leaf, separated by semicolons, then a space and the number of samples.',
      QUALITY,
    ],
    exitStatus: [
      "The program's own code, or 128+n after signal n. The outputs are written in both cases. The profiler's own codes:",
    ],
    files: COMMON_FILES,
    environment: COMMON_ENVIRONMENT,
    seeAlso: ['cargo-profile-bee', 'perf'],
  },
};
