import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { cargoProject, manifest, offlineEnvironment } from '../../cargo/cargo-project.js';
import { commandPath } from '../../kernel/running/repository.js';

const PROJECT = {
  'Cargo.toml': manifest('says', '[profile.own]\ninherits = "release"\ndebug = 1'),
  'src/main.rs': 'fn main() { println!("{:?}", std::env::args().skip(1).collect::<Vec<_>>()) }',
  '.cargo/config.toml': `target.x86_64-unknown-linux-gnu.runner = ["env", "MARK=a b"]`,
};

function bee(cwd: string, ...args: string[]) {
  const command = [commandPath('cargo-profile-bee'), ...args];
  return spawnSync(process.execPath, command, { cwd, env: offlineEnvironment(), encoding: 'utf8' });
}

test('--dry-run: a script that builds and runs the same, and nothing done before it is pasted', (t) => {
  const cwd = cargoProject(t, PROJECT);
  const dry = bee(cwd, '--dry-run', '--', '--release', '--', 'two words', "it's");
  assert.equal(dry.status, 0, dry.stderr);
  assert.ok(!existsSync(join(cwd, 'target/profile-bee')), 'nothing is built');
  assert.match(dry.stdout, /^cargo build .*--profile profile-bee .*inherits="release"/m);
  assert.match(dry.stdout, /^# your runner, after the gate: env 'MARK=a b'$/m);
  const elsewhere = join(cwd, 'sub');
  mkdirSync(elsewhere);
  const pasted = spawnSync('sh', ['-euc', dry.stdout], {
    cwd: elsewhere,
    env: offlineEnvironment(),
    encoding: 'utf8',
  });
  assert.equal(pasted.status, 0, pasted.stderr);
  assert.match(pasted.stdout, /\["two words", "it's"\]\n$/);
  assert.match(pasted.stderr, /running unprofiled/);
  assert.ok(existsSync(join(cwd, 'target/profile-bee/says')));
});

test('--dry-run --json: the lines as lists of words', (t) => {
  const cwd = cargoProject(t, PROJECT);
  const dry = bee(
    cwd,
    '--dry-run',
    '--json',
    '--svg',
    'out.svg',
    '--profile',
    'own',
    '--',
    '--',
    '--port',
    '0',
  );
  const run = JSON.parse(dry.stdout);
  assert.equal(run.schema, 'profile-bee.dry-run/1');
  assert.equal(run.cwd, cwd);
  assert.deepEqual(run.environment, {});
  assert.deepEqual(run.build, [
    ...['cargo', 'build', '--message-format=json-render-diagnostics', '--bin', 'says', '--profile', 'own'],
  ]);
  assert.deepEqual(run.launch.slice(0, 6), ['cargo', 'run', '-q', '--bin', 'says', '--profile']);
  assert.deepEqual(run.launch.slice(-3), ['--', '--port', '0']);
  assert.deepEqual(run.profile, { name: 'own', inherits: null });
  assert.deepEqual(run.runners, { 'x86_64-unknown-linux-gnu': ['env', 'MARK=a b'] });
  assert.deepEqual(run.targets, [{ name: 'says', kind: 'bin', mode: 'build' }]);
  assert.deepEqual(run.outputs, [{ path: 'out.svg', format: 'svg' }]);
  assert.ok(!existsSync(join(cwd, 'out.svg')));
});

test('--list-targets: a line each that ends in its command; --json for machines', (t) => {
  const cwd = cargoProject(t, PROJECT);
  assert.equal(
    bee(cwd, '--list-targets').stdout,
    [
      'bin (default)  says  says  cargo profile-bee --bin says',
      'unit tests     says  says  cargo profile-bee test --bin says',
      '',
    ].join('\n'),
  );
  const { schema, workspaceRoot, targets } = JSON.parse(bee(cwd, '--list-targets', '--json').stdout);
  assert.deepEqual([schema, workspaceRoot], ['profile-bee.targets/1', cwd]);
  assert.deepEqual(targets[0], {
    kind: 'bin',
    name: 'says',
    package: 'says',
    version: '0.1.0',
    requiredFeatures: [],
    unitTest: false,
    default: true,
    command: ['cargo', 'profile-bee', '--bin', 'says'],
  });
});

for (const [args, message] of [
  [['--json'], /--json needs --dry-run or --list-targets/],
  [['--dry-run', '--list-targets'], /exclude each other/],
] as const) {
  test(`${args.join(' ')} is refused with 2`, (t) => {
    const { status, stderr, stdout } = bee(cargoProject(t, PROJECT), ...args);
    assert.equal(status, 2);
    assert.match(stderr, message);
    assert.equal(stdout, '');
  });
}

test('--dry-run where cargo refuses: cargo’s words and code', (t) => {
  const { status, stderr } = bee(cargoProject(t, PROJECT), '--dry-run', '--', '--bin', 'nosuch');
  assert.equal(status, 101);
  assert.match(stderr, /no bin target named `nosuch`/);
  assert.match(stderr, /--bin says/);
});
