import { CaptureError } from '../../../../capture/capture-error.js';
import { readMachineFacts } from '../../../../capture/machine/machine-facts.js';
import { checkCanCapture } from '../../../../capture/rights/preflight.js';
import { UsageError } from '../../../../cargo/command/usage-error.js';
import { explain } from '../../command-line/explain.js';
import { packageVersion } from '../../command-line/version.js';
import { jsonText } from '../../outputs/json-text.js';
import { printRaw, printText } from '../../terminal/print-text.js';
import { Terminal } from '../../terminal/terminal.js';
import { type Check, ok, problem } from './check.js';
import { confinementChecks } from './confinement-checks.js';
import { displayCheck } from './display-check.js';
import { doctorText } from './doctor-text.js';
import { elevationCheck } from './elevation-check.js';
import { machineChecks } from './machine-checks.js';
import { settingChecks } from './setting-checks.js';
import { toolChecks } from './tool-checks.js';
import { type Trial, tryCapture } from './trial.js';
import { reachVerdict, type Verdict } from './verdict.js';

const SCHEMA = 'profile-bee.doctor/1';

/** The command `doctor`; `argv` is what follows it. Resolves with the exit code. */
export async function runDoctor(argv: readonly string[], invokedAs: string): Promise<number> {
  try {
    const asked = argv.find((argument) => argument === '--help' || argument === '-h');
    if (asked !== undefined) {
      await printText(helpText(invokedAs));
      return 0;
    }
    const unknown = argv.find((argument) => argument !== '--json');
    if (unknown !== undefined)
      throw new UsageError(`doctor does not know ${unknown}`, `${invokedAs} [--json]`);
    const { checks, verdict } = await examine(process.env);
    const text = argv.includes('--json')
      ? asJson(checks, verdict)
      : doctorText(checks, verdict, isColoured());
    await printRaw(text);
    return verdict.exitCode;
  } catch (error) {
    return explain(error, new Terminal('normal')).code;
  }
}

/** Settings first, and what they come to last: a capture, where nothing stands in its way. */
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

/** What `record` would end with before anything is built. */
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
  const fix = 'profile on Linux x86-64; profiles that were taken there can be read here';
  return problem('platform', `capturing needs Linux, this is ${found}`, fix);
}

function asJson(checks: readonly Check[], verdict: Verdict): string {
  return jsonText({ schema: SCHEMA, version: packageVersion(), checks, verdict });
}

function isColoured(): boolean {
  return process.stdout.isTTY && !process.env.NO_COLOR && process.env.TERM !== 'dumb';
}

function helpText(invokedAs: string): string {
  return `Checks what this machine allows a profiler, and says what to type where it does not.

usage: ${invokedAs} [--json]

Where nothing stands in the way it profiles a short program of its own: that is the check that counts.
Exit code: 0 profiling works (warnings allowed), 77 privileges are missing, 125 this machine cannot.
`;
}
