import { type ChildProcess, spawn } from 'node:child_process';
import { basename } from 'node:path';
import type { Problem } from '../../account/problems/problem-list.js';
import type { SummaryTarget } from '../../account/summary.js';
import type { CaptureSession, ObservedProcess } from '../../capture/capture-session.js';
import { checkProcess } from '../../capture/machine/process-facts.js';
import type { CaptureTotals } from '../../capture/raw-profile.js';
import { inheritedStdio } from '../../cargo/launch/inherited-descriptors.js';
import type { PackageRoot } from '../../symbolize/origin.js';
import type { SampledWork } from '../sampled-work.js';
import { signalNumber } from '../signals/signal-name.js';
import { workingDirectory } from '../working-directory.js';
import { checkCommand } from './find-command.js';
import { groupOfFile, type ProcessGroup } from './group-of-process.js';
import type { CommandRequest, PidRequest, ProgramRequest } from './target-request.js';
import { userEnvironment } from './user-environment.js';
import { IdleWatch } from './warnings/idle-watch.js';

/** In file names. */
const MAX_NAMED_PIDS = 3;

/** How our child ended; both null if there is none (a pid). */
export interface LaunchEnd {
  code: number | null;
  signal: string | null;
}

export interface Launched {
  ended: Promise<LaunchEnd>;
  /** Our direct child, if any. */
  pid: number | undefined;
  /** False once the child was reaped: its pid may then be reused. */
  isRunning(): boolean;
}

/** Facts about a process for the summary, from the target's build. */
export type TargetFacts = Pick<SummaryTarget, 'kind'> & Partial<SummaryTarget>;

/** What a run has shown when it is over. */
export interface AfterRun {
  work: SampledWork;
  totals: CaptureTotals;
  processes: readonly ObservedProcess[];
}

/** A target that was built or found and can be started once. */
export interface PreparedTarget {
  /** For the title and file names. */
  name: string;
  /** Problems known before it runs; shown at once. */
  problems: readonly Problem[];
  packages: readonly PackageRoot[];
  /** Source files are shown relative to this folder. */
  sourceRoot: string;
  outputDirectory: string;
  phases: { metadataNs: bigint; buildNs: bigint };
  /** True if Ctrl-C ends the profile, not the program. */
  isForeign: boolean;
  /** True if our child itself passes signals on to its programs. */
  handsOnSignals?: boolean;
  factsOf(process: ObservedProcess): TargetFacts;
  groupOf(process: ObservedProcess): ProcessGroup;
  launch(session: CaptureSession): Promise<Launched>;
  /** Problems seen in the samples of a whole run. */
  problemsAfter?(after: AfterRun): Problem[];
  /** Notes for the user after the run. */
  notesAfter?(): string[];
  /** Why no program came to the gate, if known. */
  whyNothingRan?(): string | undefined;
}

/** Builds or finds a target. Throws UsageError or CargoFailure. */
export type PrepareTarget = () => Promise<PreparedTarget>;

/** A target that needs no build. Throws UsageError, or CaptureError for a process that cannot be profiled. */
export function prepareProgram(target: ProgramRequest): PreparedTarget {
  return target.kind === 'pid' ? preparePids(target) : prepareCommand(target);
}

function nothingBuilt() {
  return {
    problems: [],
    packages: [],
    sourceRoot: workingDirectory() ?? '/',
    outputDirectory: '.',
    phases: { metadataNs: 0n, buildNs: 0n },
  } as const;
}

function prepareCommand({ argv, cwd, env, stdio }: CommandRequest): PreparedTarget {
  checkCommand(argv[0]!);
  return {
    ...nothingBuilt(),
    name: basename(argv[0]!),
    isForeign: false,
    factsOf: () => ({ kind: 'command' }),
    groupOf: groupOfFile,
    launch: async (session) => {
      const [gate, ...rest] = [...session.gateCommand, ...argv];
      const child = spawn(gate!, rest, {
        cwd,
        env: env ?? userEnvironment(),
        stdio: stdio ?? ['inherit', 'inherit', 'inherit', ...inheritedStdio()],
      });
      return launchedChild(child.pid, endOf(child));
    },
  };
}

function preparePids(request: PidRequest): PreparedTarget {
  const { pids, withChildren } = request;
  for (const pid of pids) checkProcess(pid);
  const watch = new IdleWatch(request);
  return {
    ...nothingBuilt(),
    name: nameOfPids(pids),
    isForeign: true,
    factsOf: () => ({ kind: 'pid' }),
    groupOf: groupOfFile,
    problemsAfter: ({ work, totals }) => watch.problems(work, totals),
    launch: async (session) => {
      watch.begin();
      for (const pid of pids) await session.addPid(pid, { isAlone: !withChildren });
      if (withChildren) await session.addDescendants();
      return {
        pid: undefined,
        isRunning: () => false,
        ended: session.allEnded().then(() => ({ code: null, signal: null })),
      };
    },
  };
}

/** `pid-7`, `pids-7-8`, `pids-7-8-9-and-5-more`. */
function nameOfPids(pids: readonly number[]): string {
  const shown = pids.slice(0, MAX_NAMED_PIDS).join('-');
  if (pids.length === 1) return `pid-${shown}`;
  const hidden = pids.length - MAX_NAMED_PIDS;
  return `pids-${shown}${hidden > 0 ? `-and-${hidden}-more` : ''}`;
}

export function launchedChild(pid: number | undefined, ended: Promise<LaunchEnd>): Launched {
  let isRunning = pid !== undefined;
  const noteEnd = () => {
    isRunning = false;
  };
  ended.then(noteEnd, noteEnd);
  return { pid, ended, isRunning: () => isRunning };
}

function endOf(child: ChildProcess): Promise<LaunchEnd> {
  return new Promise((resolve, reject) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
    child.once('error', reject);
  });
}

/** The exit code as a shell reports it. */
export function exitCodeOf({ code, signal }: LaunchEnd): number {
  return signal === null ? (code ?? 0) : 128 + signalNumber(signal);
}
