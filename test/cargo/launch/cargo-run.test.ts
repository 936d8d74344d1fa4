import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { CargoFailure } from '../../../src/cargo/build/cargo-failure.js';
import type { ProfileSelection } from '../../../src/cargo/build/derived-profile.js';
import type { CargoRequest } from '../../../src/cargo/project/cargo-project.js';
import { cargoProject, manifest, offlineEnvironment } from '../cargo-project.js';
import { prepareCargoRun } from './prepare-cargo-run.js';

const HELLO = 'fn main() { println!("{:?}", std::env::args().skip(1).collect::<Vec<_>>()); }';
const EXIT_3 = 'fn main() { std::process::exit(3) }';

type More = Partial<CargoRequest> & { ourProfile?: ProfileSelection };

function prepare(cwd: string, cargoArgs: readonly string[], more: More = {}) {
  return prepareCargoRun({ cargoArgs, programArgs: undefined, cwd, env: offlineEnvironment(), ...more });
}

async function failure(cwd: string, cargoArgs: readonly string[], more: More = {}) {
  const error = await prepare(cwd, cargoArgs, more).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof CargoFailure, String(error));
  return { exitCode: error.exitCode, stderrShown: error.stderrShown, advice: error.advice };
}

const WORKSPACE = {
  'Cargo.toml': '[workspace]\nmembers = ["alpha", "beta"]\nresolver = "2"\n',
  'alpha/Cargo.toml': manifest('alpha', '[dependencies]\nbeta = { path = "../beta" }'),
  'alpha/src/main.rs': `use beta as _; ${HELLO}`,
  'alpha/src/bin/exits.rs': EXIT_3,
  'alpha/tests/integration.rs': '#[test] fn passes() {}',
  'beta/Cargo.toml': manifest('beta'),
  'beta/src/lib.rs': 'pub fn answer() -> u32 { 42 } #[test] fn unit() {}',
  'beta/examples/shows.rs': 'fn main() {}',
};

test('several binaries and no choice: cargo refuses, and each line can be pasted', async (t) => {
  const cwd = cargoProject(t, WORKSPACE);
  const typedBefore = ['cargo', 'profile-bee', '--svg', 'out.svg'];
  assert.deepEqual(await failure(cwd, ['--release'], { programArgs: ['--port', '0'], typedBefore }), {
    exitCode: 101,
    stderrShown: true,
    advice: [
      'choose one by name:',
      '  cargo profile-bee --svg out.svg --bin alpha --release -- --port 0',
      '  cargo profile-bee --svg out.svg --bin exits --release -- --port 0',
    ].join('\n'),
  });
  assert.ok(!existsSync(join(cwd, 'target')), 'refused before anything is built');
});

test('no such binary: the ones that exist are offered', async (t) => {
  const { exitCode, advice } = await failure(cargoProject(t, WORKSPACE), ['--bin', 'alfa']);
  assert.equal(exitCode, 101);
  assert.match(advice, /--bin alpha\n.*--bin exits$/);
  assert.doesNotMatch(advice, /alfa/);
});

test('no Cargo.toml: 101 in cargo words', async (t) => {
  const { exitCode, stderrShown, advice } = await failure(cargoProject(t, {}), []);
  assert.deepEqual({ exitCode, stderrShown }, { exitCode: 101, stderrShown: true });
  assert.match(advice, /--manifest-path/);
});

test('a library crate: 101, and what can be profiled instead', async (t) => {
  const cwd = cargoProject(t, { 'Cargo.toml': manifest('only-lib'), 'src/lib.rs': '' });
  const { exitCode, advice } = await failure(cwd, ['--offline', '-r']);
  assert.equal(exitCode, 101);
  assert.match(advice, /cargo profile-bee test --offline -r\n/);
});

test('a library crate with an example offers the example', async (t) => {
  const { advice } = await failure(join(cargoProject(t, WORKSPACE), 'beta'), ['--offline']);
  assert.match(advice, /cargo profile-bee --example shows --offline$/);
});

test('a compile error ends with the exit code of cargo', async (t) => {
  const cwd = cargoProject(t, { 'Cargo.toml': manifest('broken'), 'src/main.rs': 'fn main() { 1 + }' });
  assert.deepEqual(await failure(cwd, []), { exitCode: 101, stderrShown: true, advice: '' });
});

test('run builds one binary of a workspace, with symbols and optimized', async (t) => {
  const cwd = cargoProject(t, WORKSPACE);
  const run = await prepare(cwd, ['--bin', 'exits']);
  assert.deepEqual(run.targets, [
    {
      package: 'alpha',
      targetName: 'exits',
      sourcePath: join(cwd, 'alpha/src/bin/exits.rs'),
      kind: 'bin',
      binaryId: 'alpha::bin/exits',
      profile: 'profile-bee',
      optLevel: '3',
      debuginfo: '1',
      executable: join(cwd, 'target/profile-bee/exits'),
      dependencies: ['beta'],
    },
  ]);
  assert.equal(run.targetName, 'exits');
  assert.equal(run.targetDirectory, join(cwd, 'target'));
  assert.deepEqual(
    run.packages.map(({ name, directory, isWorkspaceMember }) => ({ name, directory, isWorkspaceMember })),
    ['alpha', 'beta'].map((name) => ({ name, directory: join(cwd, name), isWorkspaceMember: true })),
  );
  assert.ok(run.phases.metadataNs > 0n && run.phases.buildNs > 0n);
  assert.deepEqual(run.notes, []);
});

test('the harnesses of two packages, and nothing that cargo test only builds', async (t) => {
  const cwd = cargoProject(t, WORKSPACE);
  const run = await prepare(cwd, ['test', '--tests']);
  assert.deepEqual(
    run.targets.map(({ package: owner, targetName, kind }) => `${owner} ${targetName} ${kind}`),
    ['alpha alpha test', 'alpha exits test', 'alpha integration test', 'beta beta test'],
  );
  assert.equal(run.notes.length, 1);
  assert.match(run.notes[0] ?? '', /debug assertions/);
  const dev = await prepare(cwd, ['test', '-p', 'beta', '--lib'], { ourProfile: { kind: 'dev' } });
  assert.deepEqual(dev.notes, []);
  assert.deepEqual(
    dev.targets.map(({ optLevel, debuginfo }) => ({ optLevel, debuginfo })),
    [{ optLevel: '0', debuginfo: '2' }],
  );
  assert.equal(dev.targetName, 'beta');
});

/** A gate that writes down what it was asked to run, then becomes it. */
function writingGate(directory: string): { command: string[]; ran(): string[] } {
  const log = join(directory, `it's "here" \\ é.log`);
  const script = 'printf "%s\\n" "$@" >> "$0"; exec "$@" > /dev/null';
  return {
    command: ['/bin/sh', '-c', script, log],
    ran: () => readFileSync(log, 'utf8').trimEnd().split('\n'),
  };
}

test('launch puts the gate before the program and ends with its exit code, building nothing', async (t) => {
  const cwd = cargoProject(t, WORKSPACE);
  const gate = writingGate(cwd);
  const run = await prepare(cwd, ['--bin', 'exits', 'first'], { programArgs: ['--port', '0 1'] });
  const [target] = run.targets;
  const builtMs = modifiedMs(target?.executable);
  assert.deepEqual(await run.launch(gate.command).exited, { code: 3, signal: null });
  assert.deepEqual(gate.ran(), ['target/profile-bee/exits', 'first', '--', '--port', '0 1']);
  assert.equal(modifiedMs(target?.executable), builtMs);
});

test('a program that a signal ends is reported so: cargo run has become the program', async (t) => {
  const cwd = cargoProject(t, {
    'Cargo.toml': manifest('dies'),
    'src/main.rs': 'fn main() { std::process::abort() }',
  });
  const run = await prepare(cwd, []);
  const cargo = run.launch(['/bin/sh', '-c', 'echo $$ > pid; exec "$@"', 'gate']);
  assert.deepEqual(await cargo.exited, { code: null, signal: 'SIGABRT' });
  assert.equal(Number(readFileSync(join(cwd, 'pid'), 'utf8')), cargo.pid);
});

test('launch of tests runs every harness through the gate', async (t) => {
  const cwd = cargoProject(t, WORKSPACE);
  const gate = writingGate(cwd);
  const run = await prepare(cwd, ['test', '--tests', 'pass'], { programArgs: ['--test-threads=1'] });
  assert.deepEqual(await run.launch(gate.command).exited, { code: 0, signal: null });
  const programs = gate.ran().filter((line) => line.startsWith('/'));
  assert.deepEqual(
    programs,
    run.targets.map(({ executable }) => executable),
  );
  assert.deepEqual(gate.ran().slice(1, 3), ['pass', '--test-threads=1']);
});

test('Cargo.toml and target/release are left alone', async (t) => {
  const cwd = cargoProject(t, { 'Cargo.toml': manifest('single'), 'src/main.rs': HELLO });
  execFileSync('cargo', ['build', '--release', '-q'], { cwd, env: offlineEnvironment() });
  const stamp = join(cwd, 'stamp');
  writeFileSync(stamp, '');
  const before = readFileSync(join(cwd, 'Cargo.toml'), 'utf8');
  const run = await prepare(cwd, ['--release']);
  await run.launch(['/bin/sh', '-c', 'exec "$@" > /dev/null', 'gate']).exited;
  assert.equal(newerThan(stamp, cwd, 'target/release'), '');
  assert.notEqual(newerThan(stamp, cwd, 'target/profile-bee'), '', 'the stamp tells new files');
  assert.equal(readFileSync(join(cwd, 'Cargo.toml'), 'utf8'), before);
});

test('default-run is chosen as cargo chooses it; as-is builds with the flags as typed', async (t) => {
  const cwd = cargoProject(t, {
    'Cargo.toml': manifest('picks', 'default-run = "second"'),
    'src/bin/first.rs': EXIT_3,
    'src/bin/second.rs': HELLO,
  });
  const run = await prepare(cwd, [], { ourProfile: 'as-is' });
  assert.deepEqual(
    run.targets.map(({ targetName, profile }) => `${targetName} ${profile}`),
    ['second dev'],
  );
  assert.ok(!existsSync(join(cwd, 'target/debug/first')), 'only the chosen one is built');
});

test('a bench is built with the profile derived from bench, once for both calls', async (t) => {
  const cwd = cargoProject(t, {
    'Cargo.toml': manifest('measures', '[[bench]]\nname = "speed"\nharness = false'),
    'src/lib.rs': '',
    'benches/speed.rs': HELLO,
  });
  const gate = writingGate(cwd);
  const run = await prepare(cwd, ['bench', '--bench', 'speed']);
  assert.deepEqual(
    run.targets.map(({ targetName, kind, optLevel }) => `${targetName} ${kind} ${optLevel}`),
    ['speed bench 3'],
  );
  await run.launch(gate.command).exited;
  assert.deepEqual(gate.ran(), [run.targets[0]?.executable, '--bench']);
});

function modifiedMs(path = ''): string {
  return execFileSync('stat', ['-L', '-c', '%Y %i', path], { encoding: 'utf8' });
}

function newerThan(stamp: string, cwd: string, directory: string): string {
  return execFileSync('find', [directory, '-newer', stamp], { cwd, encoding: 'utf8' });
}
