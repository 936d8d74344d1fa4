import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseFolded } from '../results/folded-stacks.js';
import { builtProgram } from '../running/fixture-programs.js';
import { needsRunsOfRoot } from '../running/needs-root.js';
import { withMounts } from '../running/own-mounts.js';
import { readFiles, runBee } from '../running/run-bee.js';
import { startBee, untilTrue } from '../running/running-bee.js';
import { scratchDirectory } from '../running/scratch-directory.js';

const asRoot = needsRunsOfRoot('mounts, and becomes other users');

/** Numbers that no user has. */
const [OURS, OTHER] = [54_322, 54_323];
const CAPABILITIES = ['bpf', 'perfmon', 'sys_ptrace', 'syslog'].map((name) => `+${name}`).join(',');
const AS_OURS = [
  ...['setpriv', `--reuid=${OURS}`, `--regid=${OURS}`, '--clear-groups'],
  ...[`--inh-caps=${CAPABILITIES}`, `--ambient-caps=${CAPABILITIES}`, '--'],
];

/** An ordinary user who may profile. */
async function runAsOurs(args: readonly string[]) {
  const tmp = shared('tmp');
  return await runBee({
    command: 'profile-bee',
    args: [...args, '--', '/bin/touch', join(tmp, 'started')],
    outputs: 'none',
    cwd: '/',
    env: { TMPDIR: tmp, HOME: '/nonexistent' },
    through: AS_OURS,
  }).then((run) => ({ ...run, hasStarted: existsSync(join(tmp, 'started')) }));
}

/** A new folder that everybody may write into, in one that everybody may enter. */
function shared(name: string, mode = 0o777): string {
  const parent = scratchDirectory();
  chmodSync(parent, 0o755);
  mkdirSync(join(parent, name));
  chmodSync(join(parent, name), mode);
  return join(parent, name);
}

/** A file of another user's, which everybody may open. */
function othersFile(folder: string): string {
  const path = join(folder, 'p.svg');
  writeFileSync(path, 'theirs');
  chmodSync(path, 0o666);
  execFileSync('chown', [String(OTHER), path]);
  return path;
}

const marked: string[] = [];
after(() => {
  for (const path of marked) execFileSync('chattr', ['-i', '-a', path]);
});
/** Of the attributes that only `chattr` takes away again. */
function mark(attribute: '+i' | '+a', path: string): string {
  execFileSync('chattr', [attribute, path]);
  marked.push(path);
  return path;
}

interface Refused {
  what: string;
  path: () => string;
  says: RegExp;
  advises: RegExp;
}

const refusals: Refused[] = [
  {
    what: 'another user’s file in a sticky folder',
    path: () => othersFile(shared('sticky', 0o1777)),
    says: new RegExp(`it belongs to user ${OTHER}, and its folder's sticky bit protects other users' files`),
    advises: /^ {2}\/nonexistent\/p\.svg {3}instead/m,
  },
  {
    what: 'a link to it',
    path: () => {
      const link = join(shared('links'), 'latest.svg');
      symlinkSync(othersFile(shared('sticky', 0o1777)), link);
      return link;
    },
    says: /latest\.svg: it belongs to user/,
    advises: /instead/,
  },
  {
    what: 'a file that may be written, in a folder that may not',
    path: () => othersFile(shared('closed', 0o755)),
    says: /written to a temporary file in .*closed and then renamed, but you may not create files there/,
    advises: /instead/,
  },
  {
    what: 'an immutable file',
    path: () => mark('+i', othersFile(shared('open'))),
    says: /immutable or append-only/,
    advises: /sudo chattr -i -a .*p\.svg/,
  },
  {
    what: 'an append-only file',
    path: () => mark('+a', othersFile(shared('open'))),
    says: /immutable or append-only/,
    advises: /sudo chattr -i -a .*p\.svg/,
  },
  {
    what: 'a new file in an immutable folder',
    path: () => join(mark('+i', shared('open')), 'new.svg'),
    says: /open is immutable/,
    advises: /sudo chattr -i .*open$/m,
  },
  {
    what: 'a new file in a folder that is append-only',
    path: () => join(mark('+a', shared('open')), 'new.svg'),
    says: /its folder is append-only/,
    advises: /sudo chattr -a .*open$/m,
  },
];

for (const { what, path, says, advises } of refusals) {
  test(`${what} is refused before the program starts`, asRoot, async () => {
    const { code, stderr, hasStarted } = await runAsOurs(['--svg', path()]);
    assert.equal(code, 2, stderr);
    assert.match(stderr, says);
    assert.match(stderr, advises);
    assert.ok(!hasStarted, 'the program was started');
  });
}

test('a summary has to be replaceable, too', asRoot, async () => {
  const { code, stderr, hasStarted } = await runAsOurs([
    '--summary-json',
    othersFile(shared('sticky', 0o1777)),
  ]);
  assert.equal(code, 2);
  assert.equal(stderr.split('cannot write').length, 2, `said once: ${stderr}`);
  assert.ok(!hasStarted);
});

test('a file that something is mounted on, and one in a read-only mount, are refused', asRoot, async () => {
  const folder = scratchDirectory();
  const [real, mounted] = ['real.svg', 'mounted.svg'].map((name) => join(folder, name));
  for (const path of [real!, mounted!]) writeFileSync(path, 'older');
  const readOnly = scratchDirectory();
  const through = withMounts(
    `mount --bind ${real} ${mounted}`,
    `mount --bind ${readOnly} ${readOnly}`,
    `mount -o remount,bind,ro ${readOnly}`,
  );
  for (const [path, says] of [
    [mounted, /it is a mount point/],
    [join(readOnly, 'x.svg'), /the file system is read-only/],
  ] as const) {
    const args = ['--svg', path!, '--', '/bin/true'];
    const { code, stderr } = await runBee({ command: 'profile-bee', args, outputs: 'none', through });
    assert.equal(code, 2, stderr);
    assert.match(stderr, says);
  }
  assert.equal(readFileSync(real!, 'utf8'), 'older');
});

test(
  'a full disk, a folder that is gone and a full device cost their own outputs alone',
  asRoot,
  async () => {
    const [full, gone] = [scratchDirectory(), join(scratchDirectory(), 'gone')];
    mkdirSync(gone);
    const script = `${builtProgram('spin')} --seconds 0.5; rm -r ${gone}`;
    const outputs = ['--svg', join(full, 'a.svg'), '-o', join(gone, 'b.svg'), '-o', '/dev/full.svg'];
    const args = [
      ...outputs.slice(0, 4),
      '--raw-samples',
      '/dev/full',
      '-F',
      '997',
      '--',
      '/bin/sh',
      '-c',
      script,
    ];
    const through = withMounts(`mount -t tmpfs -o size=4k none ${full}`);
    const { scratch, ...run } = await runBee({ command: 'profile-bee', args, outputs: 'summary', through });
    assert.equal(run.code, 125, run.stderr);
    const { summary } = run;
    assert.deepEqual([summary?.outputs, summary?.exit.source], [[], 'profiler']);
    const unwritable = summary!.problems.filter(({ code }) => code === 'unwritable-output');
    assert.deepEqual(
      unwritable.map(({ message }) => message),
      [
        `cannot write ${full}/a.svg, /dev/full: the disk is full`,
        `cannot write ${gone}/b.svg: the folder does not exist`,
      ],
    );
    for (const { message } of unwritable) assert.ok(run.stderr.includes(`error: ${message}`));
    assert.doesNotMatch(run.stderr, /^wrote/m);
    assert.deepEqual(run.leftBehind, []);
    assert.deepEqual(readdirSync(scratch).sort(), ['summary.json', 'tmp']);
  },
);

test('a limit for file sizes costs what is too large alone, and not the sampler', asRoot, async () => {
  const svg = join(scratchDirectory(), 'picture.svg');
  const run = await runBee({
    command: 'profile-bee',
    args: ['--svg', svg, '-F', '997', '--', builtProgram('spin'), '--seconds', '0.5'],
    through: ['prlimit', '--fsize=8000'],
    outputs: 'summary',
  });
  assert.equal(run.code, 125, run.stderr);
  assert.match(run.stderr, /picture\.svg: it grows beyond the limit for files \(ulimit -f/);
  assert.ok(!existsSync(svg));
  assert.ok(run.summary!.samples.delivered > 0);
});

/** With an output that is a pipe, in the folder of the run. */
function startIntoPipe(scratch: string) {
  const pipe = join(scratch, 'pipe');
  execFileSync('mkfifo', [pipe]);
  const args = ['--collapse', pipe, '--svg', join(scratch, 'picture.svg'), '-F', '997'];
  const program = ['--', builtProgram('spin'), '--seconds', '0.3'];
  return {
    pipe,
    running: startBee({ command: 'profile-bee', args: [...args, ...program], outputs: 'summary' }, scratch),
  };
}

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  test(`a pipe without a reader: the others are written, and ${signal} ends the wait`, asRoot, async () => {
    const scratch = scratchDirectory();
    const { pipe, running } = startIntoPipe(scratch);
    await untilTrue('it waits', () => running.said().includes(`waiting for a reader of ${pipe}`));
    assert.match(readFiles(scratch).svg ?? '', /<\/svg>/);
    process.kill(running.pid, signal);
    assert.equal((await running.ended).code, code, running.said());
    const { summary } = readFiles(scratch);
    assert.deepEqual(
      summary?.outputs.map(({ path }) => path),
      [join(scratch, 'picture.svg')],
    );
    assert.ok(
      summary!.problems.some(({ message }) => message.includes(pipe)),
      JSON.stringify(summary!.problems),
    );
  });
}

test('a reader that comes late gets all of it', asRoot, async () => {
  const { pipe, running } = startIntoPipe(scratchDirectory());
  await untilTrue('it waits', () => running.said().includes('waiting for a reader'));
  const reader = spawn('cat', [pipe], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  reader.stdout.on('data', (chunk) => (text += chunk));
  await once(reader, 'close');
  assert.equal((await running.ended).code, 0, running.said());
  assert.ok(parseFolded(text).length > 0);
});

test(
  'a run whose folder of sockets was left behind is cleaned up after, one that goes on is not',
  asRoot,
  async () => {
    const tmp = scratchDirectory();
    const spin = {
      command: 'profile-bee',
      args: ['--', builtProgram('spin'), '--seconds', '20'],
      env: { TMPDIR: tmp },
    } as const;
    const [killed, goesOn] = [startBee(spin), startBee(spin)];
    await untilTrue('both sample', () => readdirSync(tmp).length === 2);
    await sleep(1_000);
    const samplers = [killed, goesOn].map(({ pid }) => childrenOf(pid).find(isSampler)!);
    for (const pid of [samplers[0]!, killed.pid]) process.kill(pid, 'SIGKILL');
    await killed.ended;
    assert.equal(readdirSync(tmp).length, 2, 'both were killed, so nobody has cleaned up');
    const next = await runBee({ command: 'profile-bee', args: ['--', '/bin/true'], env: { TMPDIR: tmp } });
    assert.equal(next.code, 0, next.stderr);
    const left = readdirSync(tmp);
    const inUse = readdirSync(join(tmp, left[0]!));
    for (const run of [killed, goesOn]) process.kill(-run.pid, 'SIGKILL');
    assert.equal(left.length, 1, left.join());
    assert.deepEqual(inUse.sort(), ['gate', 'sampler']);
  },
);

function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    .trim()
    .split(' ')
    .filter(Boolean)
    .map(Number);
}

function isSampler(pid: number): boolean {
  return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('bee-sampler');
}
