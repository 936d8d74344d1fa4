import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, delimiter, join } from 'node:path';
import { test } from 'node:test';
import type { Summary } from '../results/summary.js';
import { needsRoot } from '../running/needs-root.js';
import { commandPath, repositoryRoot } from '../running/repository.js';
import { scratchDirectory } from '../running/scratch-directory.js';

/** The only differences between a program under plain cargo and under the profiler. */
const DOCUMENTED: readonly [RegExp, string][] = [
  [/\btarget\/(release|profile-bee)(?=[/:\n]|$)/gm, 'target/PROFILE'], // the derived profile has its own folder
  [/-[0-9a-f]{16}(?=[/:\n]|$)/gm, '-HASH'], // … and so cargo names units of it otherwise
  [/\/rustdoctest\w+\//g, '/RUSTDOCTEST/'], // a new folder each time
  [/\b(pipe|socket):\[\d+\]/g, '$1:[N]'], // as of two runs of one command
];

const scratch = scratchDirectory();
const workspace = join(scratch, 'wörk with spaces 🐝', 'identity');
const dumps = join(scratch, 'dumps');
cpSync(join(repositoryRoot, 'fixtures/identity'), workspace, {
  recursive: true,
  filter: (path) => basename(path) !== 'target',
});
for (const folder of ['bin', 'tmp']) mkdirSync(join(scratch, folder));
for (const command of ['cargo-profile-bee', 'profile-bee'] as const)
  symlinkSync(commandPath(command), join(scratch, 'bin', command));

const environment = {
  ...process.env,
  NODE_TEST_CONTEXT: undefined,
  CARGO: undefined,
  CARGO_TARGET_DIR: undefined,
  PATH: `${join(scratch, 'bin')}${delimiter}${process.env.PATH}`,
  TMPDIR: join(scratch, 'tmp'),
  IDENTITY_DUMPS: dumps,
  FORCED_BY_CONFIG: 'replaced',
  NOT_FORCED_BY_CONFIG: 'kept',
  EMPTY: '',
  'odd name': 'two\nlines = ünïcode',
  LD_LIBRARY_PATH: '/inherited/one:/inherited/two',
};

/**
 * Sets what Node alters at its start: descriptors above the standard ones, one of them closed, and a limit. The shell
 * stays, as the one that somebody types into does.
 */
const SHELL = 'ulimit -S -n 1000; "$@" 3</dev/zero 5>&1 7<>/dev/null; exit $?';
/** Above what Node closes. */
const HIGH_DESCRIPTOR = 40;

writeFileSync(join(scratch, 'high'), '');
const highFile = openSync(join(scratch, 'high'), 'r');

/** What each program wrote down, by its name. */
function given(command: readonly string[], cwd: string, more: NodeJS.ProcessEnv = {}): Map<string, string> {
  rmSync(dumps, { recursive: true, force: true });
  mkdirSync(dumps);
  const { status, stderr } = spawnSync('/bin/sh', ['-c', SHELL, 'sh', ...command], {
    cwd,
    env: { ...environment, ...more },
    encoding: 'utf8',
    stdio: Array.from({ length: HIGH_DESCRIPTOR + 1 }, (_, number) =>
      number === HIGH_DESCRIPTOR ? highFile : number > 2 ? 'ignore' : 'pipe',
    ),
  });
  assert.equal(status, 0, `${command.join(' ')}: ${stderr}`);
  return new Map(
    readdirSync(dumps).map((name) => [name, documented(readFileSync(join(dumps, name), 'latin1'))]),
  );
}

function documented(text: string): string {
  return DOCUMENTED.reduce((result, [pattern, name]) => result.replace(pattern, name), text);
}

/** Says only what differs: the whole is a hundred lines. */
function assertSameLines(ours: string, plain: string, what: string): void {
  const only = (text: string, other: string) =>
    text.split('\n').filter((line) => !other.split('\n').includes(line));
  assert.deepEqual({ ours: only(ours, plain), plain: only(plain, ours) }, { ours: [], plain: [] }, what);
  assert.ok(ours === plain, `${what}: the same lines in another order`);
}

const WRAPPERS = [['cargo-profile-bee'], ['cargo', 'profile-bee']];
const SUMMARY = join(scratch, 'summary.json');
const OURS = ['--no-open', '--svg', join(scratch, 'picture.svg'), '--summary-json', SUMMARY];
const ODD = ['two words', '', "it's", '--', '$HOME', 'ünïcode 🐝', '--svg'];

const CASES: { cargo: string[]; program?: string[]; cwd?: string; programs: string[] }[] = [
  { cargo: ['run', '--release'], program: ODD, programs: ['bin'] },
  { cargo: ['--release'], program: ODD, cwd: 'app/src', programs: ['bin'] },
  { cargo: ['run', '--release', '-p', 'app', '--example', 'shows'], programs: ['example'] },
  { cargo: ['run', '--release', '--features', 'gated', '--bin', 'gated'], programs: ['gated'] },
  {
    cargo: ['test', '--release', '--workspace', '--lib', '--bins', '--tests'],
    program: ['--test-threads=1'],
    programs: ['bin-test', 'cdylib-test', 'integration-test', 'proc-macro-test', 'unit-test'],
  },
  { cargo: ['test', '--release', 'in_the', '--', '--nocapture'], programs: ['bin-test', 'unit-test'] },
  { cargo: ['test', '--release', '--doc', '-p', 'dump'], programs: ['doctest'] },
  { cargo: ['bench', '--bench', 'speed', 'some'], program: ODD, programs: ['bench'] },
];

for (const { cargo, program = [], cwd = '.', programs } of CASES) {
  test(`what ${cargo.join(' ')} gives its programs, byte for byte`, needsRoot, () => {
    const rest = program.length > 0 ? ['--', ...program] : [];
    const directory = join(workspace, cwd);
    const plain = given(
      ['cargo', ...(cargo[0] === '--release' ? ['run'] : []), ...cargo, ...rest],
      directory,
    );
    assert.deepEqual([...plain.keys()].sort(), programs);
    for (const wrapper of WRAPPERS) {
      const ours = given([...wrapper, ...OURS, '--', ...cargo, ...rest], directory);
      assert.deepEqual([...ours.keys()].sort(), programs);
      for (const [name, text] of plain)
        assertSameLines(ours.get(name) ?? '', text, `${wrapper.join(' ')}: ${name}`);
      const { targets } = JSON.parse(readFileSync(SUMMARY, 'utf8')) as Summary;
      assert.ok(targets.length >= programs.length, 'each came through the gate');
    }
  });
}

test('under npx too, whose own variables are not the program’s', needsRoot, () => {
  const bin = join(scratch, 'node_modules/.bin');
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(scratch, 'package.json'), '{ "name": "scratch", "version": "1.0.0" }');
  symlinkSync(commandPath('cargo-profile-bee'), join(bin, 'cargo-profile-bee'));
  const env = { npm_config_update_notifier: 'false', COLOR: 'mine' };
  const plain = given(['cargo', 'run', '--release'], workspace, env);
  const npx = ['npx', '--no-install', '--', 'cargo-profile-bee'];
  const ours = given([...npx, ...OURS, '--', '--release'], workspace, env);
  // Those npm has closed before we are.
  const withoutDescriptors = (given: Map<string, string>) =>
    (given.get('bin') ?? '').replace(/^descriptor [3-9].*\n/gm, '');
  assertSameLines(withoutDescriptors(ours), withoutDescriptors(plain), 'npx');
});

test('a command that is not cargo’s build is given what it is given alone', needsRoot, () => {
  const alone = given(['cargo', 'run', '--release'], workspace);
  const ours = given(['profile-bee', ...OURS, '--', 'cargo', 'run', '--release'], workspace);
  assertSameLines(ours.get('bin') ?? '', alone.get('bin') ?? '', 'profile-bee -- cargo run');
});

test('the job server of make reaches the program', needsRoot, () => {
  const makefile = join(scratch, 'Makefile');
  const bee = `cargo-profile-bee ${OURS.join(' ')} --`;
  writeFileSync(makefile, `plain:\n\t+cargo run --release\nours:\n\t+${bee} --release\n`);
  const made = (target: string) => given(['make', '-j2', '-f', makefile, target], workspace).get('bin') ?? '';
  const plain = made('plain');
  assert.match(plain, /variable: MAKEFLAGS=.*--jobserver-auth=/);
  assertSameLines(made('ours'), plain, 'make -j2');
});

test('with $CARGO that cargo is called, not the proxy before it', needsRoot, () => {
  const which = spawnSync('rustup', ['which', 'cargo'], { encoding: 'utf8' });
  const cargo = which.status === 0 ? which.stdout.trim() : '/usr/bin/cargo';
  const plain = given([cargo, 'run', '--release'], workspace, { CARGO: cargo });
  const ours = given(['cargo-profile-bee', ...OURS], workspace, { CARGO: cargo });
  assertSameLines(ours.get('bin') ?? '', plain.get('bin') ?? '', cargo);
});

test('bytes that are not UTF-8 are told of: Node cannot hand them on', needsRoot, () => {
  const bee = [...OURS, '--', '--release', '--', '"$(printf "not\\377utf8")"'].join(' ');
  const script = `NOT_UTF8=$(printf 'x\\377') exec cargo-profile-bee ${bee.replaceAll(scratch, '"$SCRATCH"')}`;
  given(['/bin/sh', '-c', script], workspace, { SCRATCH: scratch });
  const { problems } = JSON.parse(readFileSync(SUMMARY, 'utf8')) as Summary;
  const told = problems.filter(({ code }) => code === 'not-utf8').map(({ message }) => message);
  assert.equal(told.length, 2, JSON.stringify(problems));
  assert.match(told[0] ?? '', /variable NOT_UTF8 is not UTF-8/);
  assert.match(told[1] ?? '', /argument not\ufffdutf8 is not UTF-8/);
});
