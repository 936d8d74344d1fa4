import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

/** Runs that end before their outputs are written: the built commands, real signals, a real sampler. */
const needsRoot = { skip: process.getuid?.() === 0 ? false : 'needs root: starts the sampler' };
const bin = join(import.meta.dirname, '../../../../bin');

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'bee-given-up-'));
  mkdirSync(join(directory, 'tmp'));
  mkdirSync(join(directory, 'work'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

interface Started {
  child: ChildProcess;
  /** Standard error so far. */
  said: () => string;
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null; stderr: string }>;
}

const OUTPUTS = ['--svg', 'out.svg', '--collapse', 'out.folded'];

function start(
  command: string,
  args: readonly string[],
  { env = {}, outputs = OUTPUTS }: { env?: NodeJS.ProcessEnv; outputs?: readonly string[] } = {},
): Started {
  const flags = ['--no-open', '--summary-json', 'summary.json', ...outputs];
  const child = spawn(process.execPath, [join(bin, `${command}.cjs`), ...flags, ...args], {
    cwd: join(directory, 'work'),
    env: { ...process.env, TMPDIR: join(directory, 'tmp'), ...env },
  });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk));
  child.stdin.on('error', () => {});
  const ended = new Promise<Awaited<Started['ended']>>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal, stderr }));
  });
  return { child, said: () => stderr, ended };
}

function summaryExit(): unknown {
  const { exit } = JSON.parse(readFileSync(join(directory, 'work/summary.json'), 'utf8')) as {
    exit: unknown;
  };
  return exit;
}

/** Our files and folders; the sampler needs a moment to notice that we are gone. */
async function assertNothingLeft(): Promise<void> {
  assert.deepEqual(readdirSync(join(directory, 'work')), ['summary.json']);
  assert.deepEqual(readdirSync(join(directory, 'tmp')), []);
}

async function untilTrue(what: string, holds: () => boolean): Promise<void> {
  for (let attempt = 0; attempt < 600; attempt++) {
    if (holds()) return;
    await sleep(50);
  }
  assert.fail(`waited in vain: ${what}`);
}

/** A program that says that it runs, and then waits for a line. */
function waitingProgram(ending: string): string[] {
  return [
    '--',
    'sh',
    '-c',
    `trap '' INT; echo running > ${join(directory, 'tmp-running')}; read line; ${ending}`,
  ];
}

async function untilRunning(): Promise<void> {
  await untilTrue('the program runs', () => existsSync(join(directory, 'tmp-running')));
}

function samplerOf(child: ChildProcess): number {
  const children = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim().split(' ');
  const sampler = children.find((pid) =>
    readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('bee-sampler'),
  );
  assert.ok(sampler !== undefined, 'the sampler is a child');
  return Number(sampler);
}

for (const [ending, code, source] of [
  ['exit 4', 4, 'target'],
  ['exit 0', 125, 'profiler'],
] as const) {
  test(`the sampler dies, the program ends with "${ending}": exit ${code}`, needsRoot, async () => {
    const { child, said, ended } = start('profile-bee', waitingProgram(ending));
    await untilRunning();
    process.kill(samplerOf(child), 'SIGKILL');
    await untilTrue('the profiler noticed', () => said().includes('error:'));
    child.stdin?.end('go\n');
    const end = await ended;
    assert.equal(end.code, code, end.stderr);
    assert.match(end.stderr, /cannot capture samples/);
    assert.deepEqual(summaryExit(), { code, source, signal: null });
    await assertNothingLeft();
  });
}

for (const [ending, code] of [
  ['exit 3', 3],
  ['exit 0', 125],
] as const) {
  test(`an output that cannot be written after "${ending}": exit ${code}`, needsRoot, async () => {
    const outputs = ['--svg', '/dev/full'];
    const { child, ended } = start('profile-bee', ['--', 'sh', '-c', ending], { outputs });
    child.stdin?.end();
    const end = await ended;
    assert.equal(end.code, code, end.stderr);
    assert.match(end.stderr, /ENOSPC|disk is full/);
    await assertNothingLeft();
  });
}

test('a second SIGINT gives up: one message, 130 in the summary too, nothing left', needsRoot, async () => {
  const { child, ended } = start('profile-bee', waitingProgram('exit 0'));
  await untilRunning();
  child.kill('SIGINT');
  await sleep(200);
  child.kill('SIGINT');
  const end = await ended;
  child.stdin?.end();
  assert.equal(end.code, 130, end.stderr);
  assert.equal(end.stderr.match(/error:/g)?.length, 1, end.stderr);
  assert.equal((summaryExit() as { code: number }).code, 130);
  await assertNothingLeft();
});

/** A cargo that never ends: what is interrupted is always the preparation. */
function hangingCargo(): string {
  const path = join(directory, 'cargo');
  writeFileSync(path, `#!/bin/sh\necho $$ > ${join(directory, 'cargo-pid')}\nexec sleep 600\n`);
  chmodSync(path, 0o755);
  return path;
}

for (const [signal, code] of [
  ['SIGTERM', 143],
  ['SIGHUP', 129],
  ['SIGINT', 130],
  ['SIGUSR1', 138],
  ['SIGUSR2', 140],
  ['SIGRTMIN+1', 163],
] as const) {
  test(
    `${signal} while cargo builds: ${code}, cargo ends too, a summary and nothing else`,
    needsRoot,
    async () => {
      const { child, ended } = start('cargo-profile-bee', ['--', '--release'], {
        env: { CARGO: hangingCargo() },
      });
      await untilTrue('cargo was started', () => existsSync(join(directory, 'cargo-pid')));
      await untilTrue('its pid was written', () =>
        readFileSync(join(directory, 'cargo-pid'), 'utf8').endsWith('\n'),
      );
      const cargo = Number(readFileSync(join(directory, 'cargo-pid'), 'utf8'));
      process.kill(child.pid!, code - 128);
      const end = await ended;
      assert.equal(end.code, code, end.stderr);
      assert.deepEqual(end.signal, null);
      assert.deepEqual(summaryExit(), { code, source: 'profiler', signal });
      await untilTrue('cargo ended', () => !existsSync(`/proc/${cargo}`));
      await assertNothingLeft();
    },
  );
}

test(
  'a sampler that cannot start while cargo works: cargo’s failure is reported, nothing crashes',
  needsRoot,
  async () => {
    const { ended } = start('cargo-profile-bee', ['--', '--release'], {
      env: { TMPDIR: join(directory, 'missing') },
    });
    const end = await ended;
    assert.equal(end.code, 101, end.stderr);
    assert.doesNotMatch(end.stderr, /^\s+at /m);
    await assertNothingLeft();
  },
);

test('a sampler that cannot start: exit 125 and one message', needsRoot, async () => {
  const { ended } = start('profile-bee', ['--', 'true'], {
    env: { TMPDIR: join(directory, 'missing') },
  });
  const end = await ended;
  assert.equal(end.code, 125, end.stderr);
  assert.equal(end.stderr.match(/error:/g)?.length, 1, end.stderr);
  await assertNothingLeft();
});
