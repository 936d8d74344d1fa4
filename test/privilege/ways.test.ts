import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { before, test } from 'node:test';
import { type BeeUser, makeBeeUser } from '../kernel/running/bee-user.js';
import { INSTALL_ROOT, setUpSampler } from '../kernel/running/installed-sampler.js';
import { withKernelSetting } from '../kernel/running/kernel-setting.js';
import { needsRoot } from '../kernel/running/needs-root.js';
import { becoming, giveTo } from '../kernel/running/run-as-user.js';
import {
  type BeeRequest,
  beeCommandLine,
  beeEnvironment,
  readFiles,
  wholeProfile,
} from '../kernel/running/run-bee.js';
import { shellQuoted } from '../kernel/running/run-in-terminal.js';
import { readProc, samplerOf, startBee, untilTrue } from '../kernel/running/running-bee.js';
import { scratchDirectory } from '../kernel/running/scratch-directory.js';
import {
  EVERY_SIGNAL,
  heardUntilEnd,
  sendEverySignal,
  sortedNumbers,
  startHearing,
} from '../kernel/signals/hearing.js';
import { programForAll, spinProgram } from './burning-process.js';

const PASSWORD = 'not-a-secret';
const SIX = ['dac_read_search', 'sys_ptrace', 'syslog', 'perfmon', 'bpf', 'checkpoint_restore'];
/** The six as a mask: bits 2, 19, 34, 38, 39, 40 of include/uapi/linux/capability.h. */
const SIX_MASK = '000001c400080004';
const NONE = '0000000000000000';
const AMBIENT = ['--inh-caps', '--ambient-caps'].map(
  (flag) => `${flag}=${SIX.map((name) => `+${name}`).join(',')}`,
);

let ann: BeeUser;
let plain: string;
let hears: string;
let sudoers: string;

before(() => {
  if (needsRoot.skip) return;
  ann = makeBeeUser('a');
  plain = spinProgram();
  hears = programForAll('hears');
  execFileSync('chpasswd', { input: `${ann.name}:${PASSWORD}\n` });
  sudoers = `/etc/sudoers.d/${ann.name}`;
  process.on('exit', () => rmSync(sudoers, { force: true }));
  setUpSampler('--user', ann.name);
});

function withoutSetup(): void {
  rmSync(INSTALL_ROOT, { recursive: true, force: true });
}

function letSudo(rule: 'NOPASSWD' | 'PASSWD', defaults = ''): void {
  rmSync(sudoers, { force: true });
  writeFileSync(
    sudoers,
    `Defaults:${ann.name} lecture=never${defaults}\n${ann.name} ALL=(ALL) ${rule}: ALL\n`,
  );
  chmodSync(sudoers, 0o440);
}

interface Way {
  how: string;
  elevation: string;
  /** Undefined: root. */
  isAnn: boolean;
  request: () => Partial<BeeRequest>;
  /** Where the start had cap_setpcap, nothing is left in the bounding set. */
  hasEmptyBounds: boolean;
}

const ways: Way[] = [
  { how: 'root', elevation: 'none', isAnn: false, request: () => ({}), hasEmptyBounds: true },
  {
    how: 'setup',
    elevation: 'setup',
    isAnn: true,
    request: () => ({ as: ann }),
    hasEmptyBounds: false,
  },
  {
    how: 'ambient capabilities',
    elevation: 'capabilities',
    isAnn: true,
    // Not the user's own line: setpriv takes all from who becomes another.
    request: () => ({ packageRoot: ann.packageRoot, through: [...ambient(ann)] }),
    hasEmptyBounds: false,
  },
  {
    how: 'sudo without a question',
    elevation: 'sudo',
    isAnn: true,
    request: () => {
      withoutSetup();
      letSudo('NOPASSWD');
      return { as: ann };
    },
    hasEmptyBounds: true,
  },
  {
    how: 'sudo without a question and without a terminal of its own',
    elevation: 'sudo',
    isAnn: true,
    request: () => {
      letSudo('NOPASSWD', ', !use_pty');
      return { as: ann };
    },
    hasEmptyBounds: true,
  },
];

function ambient(user: BeeUser): string[] {
  const line = becoming(user);
  return [...line.slice(0, -1), ...AMBIENT, '--'];
}

for (const { how, elevation, isAnn, request, hasEmptyBounds } of ways) {
  test(`by ${how}: the caller’s ids, the six capabilities and no other`, needsRoot, async () => {
    const { through = [], ...more } = request();
    const scratch = scratchDirectory();
    if (isAnn) giveTmp(scratch);
    const args = ['--', plain, '--seconds', '2'];
    const running = startBee(
      { command: 'profile-bee', args, through, ...more, ...ownScratch(through) },
      scratch,
    );
    await untilTrue('the sampler has given up its rights', () => hasGivenUp(scratch, running));
    const status = readProc(samplerOf(scratch)!, 'status');
    const { code } = await running.ended;
    assert.equal(code, 0, running.said());
    assertStatus(status, isAnn ? ann : { uid: 0, gid: 0 }, hasEmptyBounds);
    assert.equal(readFiles(scratch).summary?.elevation, elevation);
  });

  test(
    `by ${how}: signals to the process group reach the program once, and end no profile`,
    needsRoot,
    async () => {
      const { through = [], ...more } = request();
      const scratch = scratchDirectory();
      if (isAnn) giveTmp(scratch);
      const file = join(scratch, 'heard');
      const args = ['--', hears, file];
      const running = await startHearing(
        { command: 'profile-bee', args, through, ...more, ...ownScratch(through) },
        file,
        scratch,
      );
      await sendEverySignal(-running.pid, file);
      assert.deepEqual(sortedNumbers(await heardUntilEnd(running, file, EVERY_SIGNAL.length)), EVERY_SIGNAL);
      assert.equal(readFiles(scratch).summary?.elevation, elevation);
    },
  );
}

test(
  'the right that Debian’s kernels ask for to open events is given up once they are',
  needsRoot,
  async () => {
    const args = ['--', plain, '--seconds', '3'];
    await withKernelSetting('perf_event_paranoid', 3, async () => {
      const running = startBee({ command: 'profile-bee', args });
      const statusOf = () => readProc(samplerOf(running.scratch) ?? 0, 'status');
      await untilTrue('six are left', () => statusOf().includes(`CapPrm:\t${SIX_MASK}`));
      assertStatus(statusOf(), { uid: 0, gid: 0 }, true);
      const { code } = await running.ended;
      assert.equal(code, 0, running.said());
      assert.equal(readFiles(running.scratch).summary?.elevation, 'none');
    });
  },
);

/** The way through setpriv is the user's without `as`; its folders are theirs all the same. */
function ownScratch(through: readonly string[]): Partial<BeeRequest> {
  return through.length === 0 ? {} : { env: { HOME: ann.home } };
}

function giveTmp(scratch: string): void {
  mkdirSync(join(scratch, 'tmp'));
  giveTo(ann, [scratch]);
}

function hasGivenUp(
  scratch: string,
  running: { child: { exitCode: number | null }; said(): string },
): boolean {
  assert.equal(running.child.exitCode, null, running.said());
  const pid = samplerOf(scratch);
  return pid !== undefined && /^NoNewPrivs:\s*1$/m.test(readProc(pid, 'status'));
}

function assertStatus(
  status: string,
  { uid, gid }: { uid: number; gid: number },
  hasEmptyBounds: boolean,
): void {
  const field = (name: string): string => new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(status)?.[1] ?? '';
  assert.deepEqual(field('Uid').split('\t'), Array(4).fill(String(uid)));
  assert.deepEqual(field('Gid').split('\t'), Array(4).fill(String(gid)));
  const sets = ['CapInh', 'CapPrm', 'CapEff', 'CapAmb'].map(field);
  assert.deepEqual(sets, [NONE, SIX_MASK, SIX_MASK, NONE]);
  if (hasEmptyBounds) assert.equal(field('CapBnd'), NONE);
  assert.equal(field('NoNewPrivs'), '1');
}

for (const options of [', use_pty', ', !use_pty']) {
  test(`sudo that asks${options}: our line, then the question, then a whole profile`, needsRoot, async () => {
    withoutSetup();
    letSudo('PASSWD', options);
    const request = { command: 'profile-bee', args: ['--', plain, '--seconds', '1'], as: ann } as const;
    const scratch = scratchDirectory();
    const { code, output } = await typePassword(beeCommandLine(request, scratch), scratch);
    assert.equal(code, 0, output);
    assert.match(output, /the sampler needs privileges[\s\S]*run profile-bee setup once[\s\S]*password/);
    const files = readFiles(scratch);
    assert.equal(files.summary?.elevation, 'sudo');
    wholeProfile({
      ...files,
      code,
      signal: null,
      stdout: '',
      stderr: output,
      leftBehind: [],
      scratch,
    });
  });
}

test('setup by an ordinary user: one question, by sudo, and none after it', needsRoot, async () => {
  withoutSetup();
  letSudo('PASSWD');
  const scratch = scratchDirectory();
  const command = beeCommandLine(
    { command: 'profile-bee', args: ['setup'], as: ann, outputs: 'none' },
    scratch,
  );
  const { code, output } = await typePassword(command, scratch);
  assert.equal(code, 0, output);
  assert.match(output, /as root:[\s\S]*password[\s\S]*installed/);
  assert.equal(output.match(/password for/g)?.length, 1);
  rmSync(sudoers, { force: true });
  const running = startBee(
    { command: 'profile-bee', args: ['--', plain, '--seconds', '1'], as: ann },
    scratch,
  );
  assert.equal((await running.ended).code, 0, running.said());
  const { summary } = readFiles(scratch);
  assert.equal(summary?.elevation, 'setup');
  assert.ok(existsSync(INSTALL_ROOT));
});

/** Runs on a pseudo terminal, and types the password when it is asked for. */
async function typePassword(
  command: readonly string[],
  scratch: string,
): Promise<{ code: number | null; output: string }> {
  const env = { ...beeEnvironment(scratch, {}, ann), SHELL: '/bin/sh' };
  const line = `exec ${command.map(shellQuoted).join(' ')}`;
  const child = spawn('script', ['-qec', line, '/dev/null'], { cwd: scratch, env });
  const guard = setTimeout(() => child.kill('SIGKILL'), 60_000);
  let isTyped = false;
  child.stdout.on('data', (chunk: Buffer) => {
    if (isTyped || !/password for/.test(chunk.toString())) return;
    isTyped = true;
    child.stdin.write(`${PASSWORD}\n`);
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const [output, code] = await Promise.all([text(child.stdout), ended]);
  clearTimeout(guard);
  return { code, output };
}
