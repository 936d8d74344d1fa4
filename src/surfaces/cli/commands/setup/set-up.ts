import { spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline/promises';
import { CaptureError, type ProcessEnding } from '../../../../capture/capture-error.js';
import { readKernelSetting } from '../../../../capture/machine/machine-facts.js';
import { checkNativeParts } from '../../../../capture/machine/native-parts.js';
import { INSTALL_ROOT, installedSamplers } from '../../../../capture/rights/installed-sampler.js';
import { UsageError } from '../../../../cargo/command/usage-error.js';
import { findNativeFile } from '../../../../ffi/native-files.js';
import { PRIVILEGE } from '../../command-line/errors/exit-status.js';
import { LESS_PARANOID } from '../../command-line/errors/kernel.js';
import { printText } from '../../terminal/print-text.js';
import { Terminal } from '../../terminal/terminal.js';
import type { CommandLine } from '../command.js';
import { installArguments, planLines, planSetup } from './setup-plan.js';
import { type SetupRequest, toSetupRequest } from './setup-request.js';
import { statusText } from './status.js';

/** From `bee-sampler --install` as root: the obstacle is not a lack of rights. */
const OBSTACLE = 125;

/** The command `setup`. Throws what `explain` understands. */
export async function setUp({ values, invokedAs }: CommandLine): Promise<number> {
  const request = toSetupRequest(values);
  checkNativeParts();
  return await act(request, invokedAs, new Terminal('normal'));
}

async function act(request: SetupRequest, name: string, terminal: Terminal): Promise<number> {
  const sampler = findNativeFile('bee-sampler');
  const installed = installedSamplers(sampler);
  if (request.action === 'status') {
    await printText(statusText(installed));
    return installed.some(({ kind }) => kind === 'same') ? 0 : PRIVILEGE.code;
  }
  const isRemoval = request.action === 'uninstall';
  const plan = isRemoval ? undefined : planSetup(request, installed);
  const lines = plan === undefined ? [`removes ${INSTALL_ROOT}`] : planLines(plan, sampler, INSTALL_ROOT);
  terminal.say(`${name} setup, as root:`);
  for (const line of lines) terminal.say(`  ${line}`);
  if (!(await isAgreed(request, name, sampler))) return 1;
  runAsRoot([sampler, ...(plan === undefined ? ['--uninstall'] : installArguments(plan))], terminal);
  terminal.say(isRemoval ? 'removed' : `installed; ${name} now needs no password`);
  if (!isRemoval) warnOfParanoidKernel(terminal);
  return 0;
}

function warnOfParanoidKernel(terminal: Terminal): void {
  const value = readKernelSetting('perf_event_paranoid') ?? 0;
  if (value <= 2) return;
  const cause = `kernel.perf_event_paranoid is ${value}: Debian’s and Ubuntu’s kernels then let only root open perf events`;
  terminal.warn(`${cause}; ${LESS_PARANOID}`);
}

/** Asks only once: if sudo asks for a password, that is the question. */
async function isAgreed({ isConfirmed }: SetupRequest, name: string, sampler: string): Promise<boolean> {
  if (isConfirmed) return true;
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw new UsageError('setup: there is no terminal to ask on', `${name} setup --yes   does not ask`);
  }
  if (process.geteuid?.() !== 0 && spawnSync('sudo', ['-n', '--', sampler, '--check']).status !== 0)
    return true;
  const questions = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await questions.question('Continue? [y/N] ');
  questions.close();
  return /^y(es)?$/i.test(answer.trim());
}

/** Throws CaptureError. */
function runAsRoot(command: readonly string[], terminal: Terminal): void {
  const isRoot = process.geteuid?.() === 0;
  const [file, ...args] = isRoot ? command : ['sudo', '--', ...command];
  if (!isRoot) terminal.say(`+ ${[file, ...args].join(' ')}`);
  const { status, signal, error } = spawnSync(file!, args, { stdio: ['inherit', 'ignore', 'inherit'] });
  if (status === 0) return;
  if (status === OBSTACLE) throw new CaptureError({ code: 'setup' });
  const ending = endingOf(status, signal, error);
  throw new CaptureError(
    { code: 'not-privileged', why: 'setup-failed', ending, command, file: file! },
    error,
  );
}

function endingOf(status: number | null, signal: string | null, error: Error | undefined): ProcessEnding {
  if (error !== undefined) return { kind: 'failed', error };
  return signal === null ? { kind: 'exited', status } : { kind: 'killed', signal };
}
