import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { assertAccounts, assertFoldedForm } from '../results/assert-summary.js';
import { type FoldedStack, parseFolded } from '../results/folded-stacks.js';
import type { Summary } from '../results/summary.js';
import type { BeeUser } from './bee-user.js';
import { whatIsLeftBehind } from './left-behind.js';
import { type BeeCommand, commandPath } from './repository.js';
import { becoming, giveTo, homeEnvironment, temporaryFolderOf, userOfAllRuns } from './run-as-user.js';
import { scratchDirectories, scratchDirectory } from './scratch-directory.js';

export interface BeeRequest {
  command: BeeCommand;
  /** Everything after the output flags, for example `['--frequency', '997', '--', path]`. */
  args: readonly string[];
  cwd?: string;
  env?: Readonly<Record<string, string | undefined>>;
  /** Standard input of the run; closed at once when absent. */
  input?: string;
  /** A command in front of node, for example `['strace', '-f']`. */
  through?: readonly string[];
  /** Where the commands are; the checkout when absent. */
  packageRoot?: string;
  /** Who runs it; who runs the tests when absent, or the user of `kernel-as-user`. */
  as?: BeeUser;
  /** `files` (default): summary, folded and SVG in the scratch folder; `summary`: only that; `none`. */
  outputs?: 'files' | 'summary' | 'none';
  timeoutMs?: number;
}

/** What one run of a command left for the test to read. */
export interface BeeRun {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
  summary: Summary | undefined;
  foldedText: string | undefined;
  svg: string | undefined;
  /** Files in the temporary folder and processes that outlived the run. */
  leftBehind: string[];
  scratch: string;
}

export interface ProfiledRun extends BeeRun {
  summary: Summary;
  foldedText: string;
  svg: string;
  stacks: FoldedStack[];
}

/** The command line of a request whose files go to `scratch`; also for tests that start it themselves. */
export function beeCommandLine(request: BeeRequest, scratch: string): string[] {
  const user = request.as ?? userOfAllRuns();
  const through = [...(user === undefined ? [] : becoming(user)), ...(request.through ?? [])];
  const root = request.packageRoot ?? user?.packageRoot;
  if (user !== undefined && user === userOfAllRuns()) giveTo(user, temporaryFolderOf(request.cwd));
  const command = [...through, process.execPath, commandPath(request.command, root)];
  return [...command, ...outputFlags(request.outputs ?? 'files', scratch), ...request.args];
}

function outputFlags(outputs: 'files' | 'summary' | 'none', scratch: string): string[] {
  if (outputs === 'none') return [];
  const summary = ['--no-open', '--summary-json', join(scratch, 'summary.json')];
  if (outputs === 'summary') return summary;
  return [...summary, '--collapse', join(scratch, 'stacks.folded'), '--svg', join(scratch, 'picture.svg')];
}

/** Runs the product to its end, in a temporary folder of its own so that what it leaves can be seen. */
export async function runBee(request: BeeRequest): Promise<BeeRun> {
  const scratch = scratchDirectory();
  const child = startBee(request, scratch);
  const guard = setTimeout(() => killGroup(child), request.timeoutMs ?? 120_000);
  child.stdin!.on('error', () => {});
  child.stdin!.end(request.input ?? '');
  const ended = new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
    child.once('close', (code, signal) => resolve([code, signal]));
    child.once('error', reject);
  });
  const [stdout, stderr, [code, signal]] = await Promise.all([
    text(child.stdout!),
    text(child.stderr!),
    ended,
  ]);
  clearTimeout(guard);
  return {
    code,
    signal,
    stdout,
    stderr,
    scratch,
    ...readFiles(scratch),
    leftBehind: await whatIsLeftBehind(scratch),
  };
}

/** A process group of its own, so that a hanging run can be killed whole. */
function startBee(request: BeeRequest, scratch: string): ChildProcess {
  const [file, ...args] = beeCommandLine(request, scratch);
  return spawn(file!, args, {
    cwd: request.cwd ?? scratch,
    env: beeEnvironment(scratch, request.env, request.as),
    detached: true,
  });
}

export function beeEnvironment(
  scratch: string,
  more: Readonly<Record<string, string | undefined>> = {},
  user = userOfAllRuns(),
): Record<string, string | undefined> {
  mkdirSync(join(scratch, 'tmp'), { recursive: true });
  const env = {
    ...process.env,
    NODE_TEST_CONTEXT: undefined,
    DEBUGINFOD_URLS: undefined,
    TMPDIR: join(scratch, 'tmp'),
  };
  if (user === undefined) return { ...env, ...more };
  giveTo(user, user === userOfAllRuns() ? scratchDirectories() : [scratch]);
  // What a test hands on of its own environment is root's.
  const changed = Object.entries(more).filter(([name, value]) => value !== process.env[name]);
  return { ...env, ...homeEnvironment(user), ...Object.fromEntries(changed) };
}

function killGroup(child: ChildProcess): void {
  if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
}

/** The files of a run as they are now: absent ones are undefined. */
export function readFiles(scratch: string): Pick<BeeRun, 'summary' | 'foldedText' | 'svg'> {
  const read = (name: string): string | undefined =>
    existsSync(join(scratch, name)) ? readFileSync(join(scratch, name), 'utf8') : undefined;
  const summary = read('summary.json');
  return {
    summary: summary === undefined ? undefined : (JSON.parse(summary) as Summary),
    foldedText: read('stacks.folded'),
    svg: read('picture.svg'),
  };
}

/** Runs, and asserts what holds for every profile: the exit code, whole outputs, the accounts, nothing left. */
export async function profileWith(request: BeeRequest, expectedCode = 0): Promise<ProfiledRun> {
  return wholeProfile(await runBee(request), expectedCode);
}

export function wholeProfile(run: BeeRun, expectedCode = 0): ProfiledRun {
  const { summary, foldedText, svg } = run;
  assert.equal(run.code, expectedCode, `exit ${run.code} ${run.signal}: ${run.stderr.slice(-3_000)}`);
  assert.ok(summary !== undefined, `no summary: ${run.stderr}`);
  assert.ok(foldedText !== undefined && svg !== undefined, `outputs are missing: ${run.stderr}`);
  assert.equal(summary.exit.code, expectedCode);
  if (userOfAllRuns() !== undefined) assert.equal(summary.elevation, 'setup');
  assertFoldedForm(foldedText);
  const stacks = parseFolded(foldedText);
  assertAccounts(summary, stacks);
  assert.match(svg, /<\/svg>\s*$/, 'the SVG is whole');
  assert.deepEqual(run.leftBehind, [], 'nothing is left behind');
  return { ...run, summary, foldedText, svg, stacks };
}
