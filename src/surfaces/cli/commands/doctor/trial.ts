import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { ProblemList } from '../../../../account/problems/problem-list.js';
import { completePercent, lostCount } from '../../../../account/summary.js';
import { CaptureError } from '../../../../capture/capture-error.js';
import { type CaptureSession, openSession } from '../../../../capture/capture-session.js';
import type { CapturePlan } from '../../../../ffi/sampler-messages.js';
import { NativeSymbolizer } from '../../../../ffi/symbolizer.js';
import { buildProfile } from '../../../../symbolize/build-profile.js';
import { explainCapture } from '../../command-line/errors/capture-error-texts.js';
import { captureProblems } from '../../command-line/errors/capture-problems.js';
import { sentenceOf } from '../../command-line/errors/explanation.js';
import { type Check, ok, problem, warning } from './check.js';

const PLAN: CapturePlan = {
  frequencyHz: 997,
  event: 'cpu-clock',
  unwinder: 'dwarf',
  ringBytes: 1 << 20,
  maxDepth: 1024,
  tableMiB: 40,
  checksUnwinding: false,
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
    await using session = await openSession(PLAN);
    return { check: await sampleBusyProgram(session) };
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error;
    const explanation = explainCapture(error);
    const fix = explanation.advice.join('\n') || 'please report it';
    return { error, check: problem('trial', sentenceOf(explanation), fix) };
  }
}

async function sampleBusyProgram(session: CaptureSession): Promise<Check> {
  const [gate, ...rest] = [...session.gateCommand, ...BUSY_PROGRAM];
  const child = spawn(gate!, rest, { stdio: 'ignore' });
  const ended = new Promise((resolve) => child.once('close', resolve));
  try {
    await Promise.race([sleep(BUSY_MS), session.failed, failureOf(child)]);
  } finally {
    child.kill('SIGKILL');
  }
  await ended;
  const raw = await session.stop();
  const { statistics } = await buildProfile(raw, new NativeSymbolizer(session.native), []);
  const delivered = raw.samples.reduce((sum, { count }) => sum + count, 0);
  const complete = completePercent({ stacks: statistics.stacks, samples: { delivered } });
  const said = new ProblemList(captureProblems(session.problems)).takeUnsaid();
  return describe({ delivered, lost: lostCount(raw.totals.lost), complete, said });
}

async function failureOf(child: ChildProcess): Promise<never> {
  return await new Promise((_, reject) => {
    child.once('error', (error) => reject(new CaptureError({ code: 'sampler', why: 'no-program' }, error)));
  });
}

interface Figures {
  delivered: number;
  lost: number;
  complete: number;
  said: readonly string[];
}

function describe({ delivered, lost, complete, said }: Figures): Check {
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
