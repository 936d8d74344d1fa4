import { setTimeout as sleep } from 'node:timers/promises';
import { ProblemList } from '../../../../account/problems/problem-list.js';
import { completePercent, lostCount } from '../../../../account/summary.js';
import { CaptureError } from '../../../../capture/capture-error.js';
import { openRun, type Run, type RunPlan, type Snapshot } from '../../../../run/run.js';
import { type Launched, prepareProgram } from '../../../../run/targets/prepared-target.js';
import { USUAL_CAPTURE } from '../../../../run/usual-capture.js';
import { explainCapture } from '../../command-line/errors/capture-error-texts.js';
import { captureProblems } from '../../command-line/errors/capture-problems.js';
import { sentenceOf } from '../../command-line/errors/explanation.js';
import { type Check, ok, problem, warning } from './check.js';

const PLAN: RunPlan = {
  capture: { ...USUAL_CAPTURE, ringBytes: 1 << 20 },
  demangle: 'full',
  symbolize: { cacheBytes: 0, isAhead: false },
  groupBy: 'none',
  keepsRaw: false,
};
/** About 500 samples: enough for whole percents, yet short. */
const BUSY_MS = 500;
/** Busy in its own code, and exits soon by itself if we are killed. */
const BUSY_PROGRAM = ['/bin/sh', '-c', 'ulimit -t 5; while :; do :; done'];
/** The same limit as for users' profiles. */
const POOR_PERCENT = 90;

/** The result of a real capture: either its figures or its error. */
export interface Trial {
  error?: CaptureError;
  check: Check;
}

/** Loads the BPF programs, samples a busy program of ours and unwinds it, which no setting can guarantee to work. */
export async function tryCapture(): Promise<Trial> {
  try {
    await using run = await openRun(PLAN);
    const snapshot = await sampleBusyProgram(run);
    return { check: describe(snapshot, new ProblemList(captureProblems(run.session.problems)).takeUnsaid()) };
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error;
    const explanation = explainCapture(error);
    const fix = explanation.advice.join('\n') || 'please report it';
    return { error, check: problem('trial', sentenceOf(explanation), fix) };
  }
}

async function sampleBusyProgram(run: Run): Promise<Snapshot> {
  const launched = await run.launch(prepareProgram({ kind: 'command', argv: BUSY_PROGRAM, stdio: 'ignore' }));
  const ended = endOf(launched);
  await Promise.race([sleep(BUSY_MS), run.session.failed, ended]).finally(() => kill(launched));
  await ended;
  await run.stop();
  const { value } = await run.snapshots({ since: 'start' }).next();
  return value!;
}

async function endOf({ ended }: Launched): Promise<void> {
  await ended.catch((error) => {
    throw new CaptureError({ code: 'sampler', why: 'no-program' }, error);
  });
}

function kill({ pid, isRunning }: Launched): void {
  if (pid !== undefined && isRunning()) process.kill(pid, 'SIGKILL');
}

function describe({ account }: Snapshot, said: readonly string[]): Check {
  const { delivered } = account.samples;
  const lost = lostCount(account.samples.lost);
  const complete = completePercent(account);
  if (delivered === 0) {
    const found = ['the BPF programs were loaded, but a busy program gave no sample', ...said].join('; ');
    return problem('trial', found, 'please report it, with the output of doctor --json');
  }
  const figures = `works: ${delivered} samples, ${percent(complete)} % complete, ${lost === 0 ? 'none' : lost} lost`;
  const found = [figures, ...said].join('; ');
  if (complete >= POOR_PERCENT && lost === 0 && said.length === 0) return ok('trial', found);
  return warning('trial', found, 'cargo profile-bee … --summary-json FILE   counts each cause');
}

function percent(value: number): string {
  return value === 100 ? '100' : String(Math.floor(value * 10) / 10);
}
