import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { builtProgram } from '../running/fixture-programs.js';
import { needsRoot } from '../running/needs-root.js';
import { type BeeCommand, commandPath } from '../running/repository.js';
import { type BeeRequest, runBee } from '../running/run-bee.js';
import { runInTerminal } from '../running/run-in-terminal.js';
import { scratchDirectory } from '../running/scratch-directory.js';

/** Sets the title of a terminal, in two ways, goes back to the line's begin, and turns the line around. */
const OBEYED = '\u001b]0;title\u0007\u009b31m\r\u202e';
const NAME = `a${OBEYED}z`;
const NAME_OF_LINES = `${NAME}\nerror: b`;
/** What a terminal obeys, line ends and tabs aside. */
const CONTROL = /[\0-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]/;

function assertPlain(what: string, text: string): void {
  const at = text.search(CONTROL);
  assert.equal(at, -1, `${what}: ${JSON.stringify(text.slice(Math.max(0, at - 80), at + 80))}`);
  assert.doesNotMatch(text, /^error: b/m, what);
}

function folderOf(name: string): string {
  const folder = join(scratchDirectory(), name);
  mkdirSync(folder);
  return folder;
}

/** Runs, and looks at what it says; `says` is part of it, so that the name was said at all. */
async function assertSaysPlainly(says: RegExp, request: BeeRequest): Promise<void> {
  const run = await runBee({ outputs: 'none', ...request });
  const what = JSON.stringify(request.args);
  assertPlain(`stderr of ${what}`, run.stderr);
  assertPlain(`stdout of ${what}`, run.stdout);
  assert.match(run.stdout + run.stderr, says, what);
}

const SHOWN = /a(?:␛|\\u001b)\]0;title(?:␇|\\u0007)\\u\{9b\}31m(?:␍|\\r)\\u\{202e\}z/;

test('names of files reach no terminal as what it obeys', needsRoot, async () => {
  const name = NAME_OF_LINES;
  const folder = folderOf(name);
  const program = join(folder, 'spin');
  copyFileSync(builtProgram('spin'), program);
  spawnSync('chmod', ['755', program]);
  writeFileSync(join(folder, 'text'), 'no ELF file');
  const absent = join(folder, 'absent');
  const say = (...args: string[]) => assertSaysPlainly(SHOWN, { command: 'profile-bee', args });
  await say('--svg', join(folder, 'out.svg'), '-F', '997', '--', program, '--seconds', '0.1');
  await say('--svg', join(absent, 'out.svg'), '--', program);
  await say('--svg', folder, '--', program);
  await say('--summary-json', folder, '--', program);
  await say('--', absent);
  await say('--', join(folder, 'text'));
  await say('--event', name, '--', program);
  await say('--pid', name);
  await say(`--${name}`);
  await say('-o', join(folder, 'x.unknown'), '--', program);
  await say('--require', name, '--', program);
  for (const what of ['unwind-table', 'symbolize'])
    for (const file of [absent, join(folder, 'text')]) await say('inspect', what, file);
  await say('inspect', name);
  await say('completions', name);
  await say('cache', name);
  await say('setup', name);
  await say('setup', '--user', name);
  await say('doctor', name);
  await assertSaysPlainly(SHOWN, {
    command: 'profile-bee',
    args: ['cache', '--status'],
    env: { XDG_CACHE_HOME: folder },
  });
});

test('in a terminal, where there are colours and links, too', needsRoot, async () => {
  const folder = folderOf(NAME);
  const args = [
    '--svg',
    join(folder, 'out.svg'),
    '--no-open',
    '-F',
    '997',
    '--',
    builtProgram('spin'),
    '--seconds',
    '0.2',
  ];
  const env = { TERM: 'xterm', CI: undefined };
  const { stdout } = await runInTerminal({ command: 'profile-bee', args, outputs: 'none', env }, /never/);
  assert.match(stdout, /wrote .*a␛\]0;title/);
  const others = stdout.replace(/\r\n/g, '\n').replace(/\x1b\[\d*m|\x1b\]8;;[^\x1b\x07]*\x1b\\/g, '');
  assertPlain('the terminal', others);
});

test('a cargo project in a folder of such a name', needsRoot, async () => {
  const folder = folderOf(`a\u001b]0;title\u0007\u202ez`);
  mkdirSync(join(folder, 'src'));
  writeFileSync(
    join(folder, 'Cargo.toml'),
    '[package]\nname = "one"\nversion = "0.1.0"\nedition = "2021"\n[workspace]\n',
  );
  writeFileSync(join(folder, 'src/main.rs'), 'fn main() { println!("ran"); }\n');
  const shown = /a(?:␛\]0;title␇|\\033\]0;title\\007|\\u001b\]0;title\\u0007)/;
  const say = (...args: string[]) =>
    assertSaysPlainly(shown, { command: 'cargo-profile-bee', args, cwd: folder });
  await say('--dry-run', '--', '--release');
  await say('--dry-run', '--json', '--', '--release');
  await say('--list-targets', '--json');
  await say('--no-open', '--svg', join(folder, 'absent/out.svg'), '--', '-q');
  const args = ['--no-open', '--svg', 'out.svg', '--', '-q'];
  await assertSaysPlainly(/wrote out\.svg/, { command: 'cargo-profile-bee', args, cwd: folder });
  const { stdout } = await runBee({
    command: 'cargo-profile-bee',
    args: ['--dry-run', '--', '--release'],
    cwd: folder,
    outputs: 'none',
  });
  const line = stdout.split('\n').find((text) => text.startsWith('cd '))!;
  const { stdout: there } = spawnSync('bash', ['-c', `${line} && pwd`], { encoding: 'utf8' });
  assert.equal(there, `${folder}\n`, 'what is to be pasted leads there');
});

/** Each in a folder that is gone. */
const GONE: [command: BeeCommand, args: string[], code: number, says: RegExp][] = [
  [
    'profile-bee',
    ['--svg', 'x.svg', '--', '/bin/true'],
    2,
    /^error: the working directory is gone.*\n {2}cd "\$PWD"/,
  ],
  ['profile-bee', ['--', '/bin/true'], 0, /0 samples|sample/],
  ['profile-bee', ['doctor'], 0, /ok +platform/],
  ['profile-bee', ['cache', '--status'], 0, /files?/],
  ['profile-bee', ['inspect', 'unwind-table', '/bin/true'], 0, /rsp\+8/],
  ['cargo-profile-bee', ['--', '--release'], 2, /^error: the working directory is gone/],
  ['cargo-profile-bee', ['--dry-run', '--', '--release'], 2, /^error: the working directory is gone/],
];

for (const [command, args, code, says] of GONE) {
  test(`${command} ${args.join(' ')} in a folder that was removed`, needsRoot, () => {
    const gone = join(scratchDirectory(), 'gone');
    const script = `mkdir ${gone}; cd ${gone}; rmdir ${gone}; exec "$@"`;
    const line = [process.execPath, commandPath(command), ...args];
    const run = spawnSync('/bin/sh', ['-c', script, 'sh', ...line], { encoding: 'utf8' });
    assert.equal(run.status, code, run.stderr);
    assert.match(run.stdout + run.stderr, says);
    assert.doesNotMatch(run.stderr, /^\s+at /m);
  });
}
