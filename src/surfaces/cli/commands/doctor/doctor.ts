import { CaptureError } from '../../../../capture/capture-error.js';
import { readMachineFacts } from '../../../../capture/machine/machine-facts.js';
import { checkCanCapture } from '../../../../capture/rights/preflight.js';
import { packageVersion } from '../../../../run/package-version.js';
import { jsonText } from '../../outputs/json-text.js';
import { printRaw } from '../../terminal/print-text.js';
import type { CommandLine } from '../command.js';
import { type Check, ok, problem } from './check.js';
import { confinementChecks } from './confinement-checks.js';
import { displayCheck } from './display-check.js';
import { doctorText } from './doctor-text.js';
import { elevationCheck } from './elevation-check.js';
import { ELSEWHERE, machineChecks } from './machine-checks.js';
import { settingChecks } from './setting-checks.js';
import { toolChecks } from './tool-checks.js';
import { type Trial, tryCapture } from './trial.js';
import { reachVerdict, type Verdict } from './verdict.js';

const SCHEMA = 'profile-bee.doctor/1';

export async function runDoctor({ values }: CommandLine): Promise<number> {
  const { checks, verdict } = await examine(process.env);
  await printRaw(values.json === true ? asJson(checks, verdict) : doctorText(checks, verdict, isColoured()));
  return verdict.exitCode;
}

/** Settings first, then their result: a capture, if nothing prevents it. */
async function examine(env: NodeJS.ProcessEnv): Promise<{ checks: Check[]; verdict: Verdict }> {
  const obstacle = findObstacle();
  const trial = obstacle === undefined ? await tryCapture() : undefined;
  const checks = [
    platform(),
    ...(process.platform === 'linux' ? await linuxChecks(trial) : []),
    ...(await toolChecks(env)),
    displayCheck(env),
    ...(trial === undefined ? [] : [trial.check]),
  ];
  return { checks, verdict: reachVerdict(checks, obstacle ?? trial?.error) };
}

/** The error that `record` would end with before building. */
function findObstacle(): CaptureError | undefined {
  try {
    checkCanCapture();
    return undefined;
  } catch (error) {
    if (error instanceof CaptureError) return error;
    throw error;
  }
}

async function linuxChecks(trial: Trial | undefined): Promise<Check[]> {
  const facts = readMachineFacts();
  return [
    ...machineChecks(facts, trial),
    ...confinementChecks(facts, trial),
    await elevationCheck(facts),
    ...settingChecks(facts),
  ];
}

function platform(): Check {
  const found = `${process.platform} ${process.arch}, kernel ${readMachineFacts().kernelRelease}`;
  if (process.platform === 'linux') return ok('platform', found);
  return problem('platform', `capturing needs Linux; this is ${found}`, ELSEWHERE);
}

function asJson(checks: readonly Check[], verdict: Verdict): string {
  return jsonText({ schema: SCHEMA, version: packageVersion(), checks, verdict });
}

function isColoured(): boolean {
  return process.stdout.isTTY && !process.env.NO_COLOR && process.env.TERM !== 'dumb';
}
