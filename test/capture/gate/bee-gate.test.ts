import assert from 'node:assert/strict';
import { type SpawnOptions, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Gate, type GateAnswer, type GateMessage, type Inheritance } from '../../../src/capture/gate/gate.js';
import { findNativeFile } from '../../../src/ffi/native-files.js';

const LOADER = '/lib64/ld-linux-x86-64.so.2';
let directory: string;

before(() => {
  directory = mkdtempSync(join(tmpdir(), 'bee-gate-test-'));
});
after(() => rmSync(directory, { recursive: true, force: true }));

interface Ending {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

async function run(file: string, args: readonly string[], options: SpawnOptions = {}): Promise<Ending> {
  const child = spawn(file, args, { cwd: directory, ...options });
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk));
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk));
  return await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}

interface Passage {
  ending: Ending;
  messages: GateMessage[];
}

/** Runs a command through the gate; `whileHeld` runs before the gate opens. */
async function passThrough(
  command: readonly string[],
  options: SpawnOptions = {},
  whileHeld: (message: GateMessage) => void = () => {},
  answer: GateAnswer = { kind: 'run' },
  inheritance?: Inheritance,
): Promise<Passage> {
  const messages: GateMessage[] = [];
  let failure: unknown;
  const gate = await Gate.listen(
    join(directory, 'gate'),
    async (message) => {
      messages.push(message);
      try {
        whileHeld(message);
      } catch (error) {
        failure = error;
      }
      return answer;
    },
    inheritance,
  );
  try {
    const ending = await run(findNativeFile('bee-gate'), [gate.socketPath, ...command], options);
    if (failure !== undefined) throw failure;
    return { ending, messages };
  } finally {
    gate.close();
  }
}

test('a program is held before its exec, and keeps its pid', async () => {
  let held = '';
  const command = ['sh', '-c', 'echo $$; exit 5'];
  const { ending, messages } = await passThrough(command, {}, ({ pid }) => {
    held = readlinkSync(`/proc/${pid}/exe`);
  });
  assert.equal(held, findNativeFile('bee-gate'));
  assert.deepEqual(ending, { code: 5, signal: null, stdout: `${messages[0]?.pid}\n`, stderr: '' });
});

test('the program starts with the limit of open files that the answer names; the hard one stays', async () => {
  const command = ['sh', '-c', 'ulimit -Sn; ulimit -Hn'];
  const { ending: own } = await passThrough(command);
  const { ending: lowered } = await passThrough(command, {}, undefined, undefined, { fileLimit: 64 });
  const [, hard] = own.stdout.split('\n');
  assert.equal(lowered.stdout, `64\n${hard}\n`);
  const { ending: higher } = await passThrough(command, {}, undefined, undefined, { fileLimit: 2 ** 40 });
  assert.equal(higher.stdout, own.stdout);
});

test('the program starts with the signals ignored that the answer names, and no others', async () => {
  const command = ['/usr/bin/grep', '^SigIgn', '/proc/self/status'];
  const { ending } = await passThrough(command, {}, undefined, undefined, { ignoredSignals: ['SIGHUP'] });
  assert.equal(ending.stdout, 'SigIgn:\t0000000000000001\n');
});

test('--ignore-hangup becomes the command with SIGHUP ignored, and asks nobody', async () => {
  const portrait = ['/usr/bin/grep', '^SigIgn', '/proc/self/status'];
  const ending = await run(findNativeFile('bee-gate'), ['--ignore-hangup', ...portrait]);
  assert.deepEqual(ending, { code: 0, signal: null, stdout: 'SigIgn:\t0000000000000001\n', stderr: '' });
});

test('the message names the directory, the executable as PATH finds it, and the arguments as given', async () => {
  const command = ['sh', '-c', ':', '', 'two words', 'é\n', '--'];
  const { messages } = await passThrough(command, { env: { PATH: '/nonexistent:/bin' } });
  const [message] = messages;
  assert.equal(message?.cwd, directory);
  assert.equal(message?.executable, '/bin/sh');
  assert.deepEqual(message?.argv, command);
});

test('a relative command is named absolutely and started as it was typed', async () => {
  const script = join(directory, 'argv0');
  writeFileSync(script, '#!/bin/sh\necho "$0"\n');
  chmodSync(script, 0o755);
  const { ending, messages } = await passThrough(['./argv0']);
  assert.equal(messages[0]?.executable, `${directory}/./argv0`);
  assert.equal(ending.stdout, './argv0\n');
});

test('the libraries are the loader’s own answer, the loader included, each once', async () => {
  const { messages } = await passThrough(['/bin/sh', '-c', ':']);
  const libraries = messages[0]?.libraries ?? [];
  assert.ok(
    libraries.some((path) => /\/libc\.so\.6$/.test(path)),
    libraries.join(),
  );
  assert.ok(libraries.includes(LOADER));
  assert.ok(
    libraries.every((path) => path.startsWith('/')),
    'no vdso, no bare names',
  );
  assert.equal(new Set(libraries).size, libraries.length);
});

test('the libraries follow the environment of the program', async () => {
  const { messages } = await passThrough(['/bin/sh', '-c', ':'], {
    env: { PATH: '/bin', LD_PRELOAD: 'libm.so.6' },
  });
  assert.ok(messages[0]?.libraries.some((path) => /\/libm\.so\.6$/.test(path)));
});

test('a static program and a script name no libraries', async () => {
  const script = join(directory, 'script');
  writeFileSync(script, '#!/bin/sh\nexit 4\n');
  chmodSync(script, 0o755);
  for (const [command, code] of [
    [[findNativeFile('bee-gate')], 2],
    [[script], 4],
  ] as const) {
    const { ending, messages } = await passThrough(command);
    assert.deepEqual(messages[0]?.libraries, []);
    assert.equal(ending.code, code);
  }
});

/** What a program can see of how it was started. No shell: dash blocks all signals while it starts a child. */
const SELF_PORTRAITS = [
  ['/usr/bin/grep', '-E', '^Sig(Blk|Ign|Cgt)', '/proc/self/status'],
  ['/usr/bin/find', '/proc/self/fd/', '-printf', '%f %l\n'],
  ['/bin/cat', '/proc/self/environ', '/proc/self/cmdline', '--', '/dev/null'],
] as const;

const WITH_PYTHON = 'import os, signal, sys; exec(sys.argv[1]); os.execv(sys.argv[2], sys.argv[2:])';

const inheritances = [
  { name: 'as usual', setUp: 'pass' },
  { name: 'SIGPIPE default', setUp: 'signal.signal(signal.SIGPIPE, signal.SIG_DFL)' },
  { name: 'SIGPIPE ignored', setUp: 'signal.signal(signal.SIGPIPE, signal.SIG_IGN)' },
  { name: 'SIGCHLD ignored', setUp: 'signal.signal(signal.SIGCHLD, signal.SIG_IGN)' },
  {
    name: 'signals blocked',
    setUp: 'signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1, signal.SIGCHLD])',
  },
  { name: 'standard input closed', setUp: 'os.close(0)' },
  { name: 'standard input and error closed', setUp: 'os.close(0); os.close(2)' },
];

for (const { name, setUp } of inheritances) {
  test(`environment, descriptors, signals and arguments pass unchanged: ${name}`, async () => {
    const messages: GateMessage[] = [];
    const gate = await Gate.listen(join(directory, 'gate'), async (message) => {
      messages.push(message);
      return { kind: 'run' };
    });
    const options: SpawnOptions = { stdio: ['ignore', 'pipe', 'pipe'] };
    for (const portrait of SELF_PORTRAITS) {
      const gated = [findNativeFile('bee-gate'), gate.socketPath, ...portrait];
      const actual = await run('python3', ['-c', WITH_PYTHON, setUp, ...gated], options);
      const expected = await run('python3', ['-c', WITH_PYTHON, setUp, ...portrait], options);
      assert.ok(expected.stdout.length > 0, expected.stderr);
      assert.equal(withoutNumbers(actual.stdout), withoutNumbers(expected.stdout));
    }
    gate.close();
    assert.equal(messages.length, SELF_PORTRAITS.length);
    const libraries = messages.flatMap((message) => message.libraries);
    assert.ok(
      libraries.some((path) => /\/libc\.so\.6$/.test(path)),
      `the loader was asked: ${libraries}`,
    );
  });
}

/** Pids and the numbers of pipes are new in every run. */
function withoutNumbers(text: string): string {
  return text.replace(/\[\d+\]|\/proc\/\d+/g, '#');
}

test('without a socket the program runs, unprofiled', async () => {
  const { code, stdout, stderr } = await run(findNativeFile('bee-gate'), [
    join(directory, 'nobody'),
    'sh',
    '-c',
    'echo ran; exit 3',
  ]);
  assert.equal(code, 3);
  assert.equal(stdout, 'ran\n');
  assert.match(stderr, /nobody.*unprofiled/);
});

test('a profiler that goes away while it holds a program lets it run', async () => {
  const socketPath = join(directory, 'dying');
  const server = createServer((connection) => connection.once('data', () => connection.destroy()));
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  const { code, stdout } = await run(findNativeFile('bee-gate'), [
    socketPath,
    'sh',
    '-c',
    'echo ran; exit 3',
  ]);
  server.close();
  assert.equal(code, 3);
  assert.equal(stdout, 'ran\n');
});

test('a command that cannot be run: 127 or 126 as in a shell, and nobody waits at the gate', async () => {
  const plainFile = join(directory, 'plain');
  writeFileSync(plainFile, 'text');
  for (const [command, code] of [
    ['no-such-command-anywhere', 127],
    ['/nonexistent/program', 127],
    [directory, 126],
    [plainFile, 126],
  ] as const) {
    const { ending, messages } = await passThrough([command]);
    assert.equal(ending.code, code, command);
    assert.ok(ending.stderr.includes(command), ending.stderr);
    assert.deepEqual(messages, []);
  }
});

test('a script without #! runs under sh, as execvp does it', async () => {
  const script = join(directory, 'bare');
  writeFileSync(script, 'echo "$1-$2"\n');
  chmodSync(script, 0o755);
  const { ending } = await passThrough(['./bare', 'a', 'b c']);
  assert.deepEqual(ending, { code: 0, signal: null, stdout: 'a-b c\n', stderr: '' });
});

test('a program killed at the gate leaves the gate open for the next', async () => {
  const socketPath = join(directory, 'gate');
  const arrivals: number[] = [];
  const gate = await Gate.listen(socketPath, async ({ pid }) => {
    if (arrivals.push(pid) === 1) process.kill(pid, 'SIGKILL');
    return { kind: 'run' };
  });
  const first = await run(findNativeFile('bee-gate'), [socketPath, 'sh', '-c', 'echo never']);
  const second = await run(findNativeFile('bee-gate'), [socketPath, 'sh', '-c', 'echo second']);
  gate.close();
  assert.equal(first.signal, 'SIGKILL');
  assert.equal(first.stdout, '');
  assert.equal(second.stdout, 'second\n');
});

test('told to skip, it ends with 0 and the program does not run', async () => {
  const file = join(directory, 'must-not-exist');
  const { ending } = await passThrough(['touch', file], {}, () => {}, { kind: 'skip' });
  assert.equal(ending.code, 0);
  assert.equal(ending.stderr, '');
  assert.throws(() => statSync(file), { code: 'ENOENT' });
});

test('more arguments come after its own, empty and spaced ones too', async () => {
  const moreArguments = ['--more', '', 'two words'];
  const command = ['printf', '[%s]', 'own'];
  const { ending } = await passThrough(command, {}, () => {}, { kind: 'run', moreArguments });
  assert.equal(ending.stdout, '[own][--more][][two words]');
});

test('more variables join its own, and replace one of the same name', async () => {
  const env = { ...process.env, KEPT: 'own', REPLACED: 'own' };
  const moreVariables = { REPLACED: 'new', ADDED: 'a=b c' };
  const command = ['sh', '-c', 'echo "$KEPT|$REPLACED|$ADDED"'];
  const { ending } = await passThrough(command, { env }, () => {}, { kind: 'run', moreVariables });
  assert.equal(ending.stdout, 'own|new|a=b c\n');
});
