import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, type TestContext, test } from 'node:test';
import { UsageError } from '../../../src/cargo/command/usage-error.js';
import { hostTriple } from '../../../src/cargo/project/rustc.js';
import { cargoProject, manifest, offlineEnvironment } from '../cargo-project.js';
import { prepareCargoRun } from './prepare-cargo-run.js';

/** Writes its mark, its arguments and the variables of cargo that it sees, one per line. */
const TELLS = `use std::{env, fs};
fn main() {
  let mark = env::var("MARK").unwrap_or("none".to_string());
  let args: Vec<String> = env::args().skip(1).collect();
  let seen: Vec<String> = env::vars().map(|(name, _)| name)
    .filter(|name| name.ends_with("_RUNNER") || name == "RUSTC_BOOTSTRAP").collect();
  fs::write("told", format!("{mark}\\n{}\\n{}", args.join(" "), seen.join(" "))).unwrap();
}`;

let host: string;
before(async () => {
  host = await hostTriple({ cwd: '/', env: process.env });
});

function runnerVariable(): string {
  return `CARGO_TARGET_${host.toUpperCase().replaceAll('-', '_')}_RUNNER`;
}

interface Setup {
  files?: Record<string, string>;
  cargoArgs?: string[];
  env?: NodeJS.ProcessEnv;
  /** Of the project in the directory that the files are in. */
  project?: string;
}

/** Launches through a gate that writes down what it was to run; gives that, and what the program told. */
async function launch(t: TestContext, { files, cargoArgs = [], env, project = '.' }: Setup) {
  const directory = cargoProject(t, {
    [join(project, 'Cargo.toml')]: manifest('tells'),
    [join(project, 'src/main.rs')]: TELLS,
    ...files,
  });
  const cwd = join(directory, project);
  const gate = gateScript(t);
  const run = await prepareCargoRun({
    cargoArgs,
    programArgs: ['--port', '0'],
    ourProfile: { kind: 'dev' },
    cwd,
    env: { ...offlineEnvironment(), ...env },
  });
  assert.deepEqual(await run.launch([gate.path, 'SOCKET']).exited, { code: 0, signal: null });
  const [mark, args, variables] = readFileSync(join(cwd, 'told'), 'utf8').split('\n');
  assert.equal(args, '--port 0');
  return { directory, held: gate.held(), mark, variables };
}

/** Like the real gate it takes a socket, then becomes the rest; its path has no space in it. */
function gateScript(t: TestContext) {
  const directory = mkdtempSync(join(tmpdir(), 'bee-gate-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const path = join(directory, 'gate');
  writeFileSync(path, '#!/bin/sh\nprintf "%s\\n" "$@" >> "$0.log"\nshift\nexec "$@"\n');
  chmodSync(path, 0o755);
  return { path, held: () => readFileSync(`${path}.log`, 'utf8').trimEnd().split('\n') };
}

const PROGRAM = ['target/debug/tells', '--port', '0'];

function configured(key: string, runner: string): Record<string, string> {
  return { '.cargo/config.toml': `[target.${key}]\nrunner = ${runner}\n` };
}

test('without a runner of the user the gate holds the program, and its environment is as it was', async (t) => {
  const { held, mark, variables } = await launch(t, {});
  assert.deepEqual(held, ['SOCKET', ...PROGRAM]);
  assert.deepEqual([mark, variables], ['none', '']);
});

test('a string of the triple', async (t) => {
  const { held, mark, variables } = await launch(t, { files: configured(host, '"env  MARK=string"') });
  assert.deepEqual(held, ['SOCKET', 'env', 'MARK=string', ...PROGRAM]);
  assert.deepEqual([mark, variables], ['string', '']);
});

test('an array of the triple, its words whole', async (t) => {
  const { held, mark } = await launch(t, { files: configured(host, '["env", "MARK=an array"]') });
  assert.deepEqual(held, ['SOCKET', 'env', 'MARK=an array', ...PROGRAM]);
  assert.equal(mark, 'an array');
});

for (const cfg of ['cfg(unix)', 'cfg(all(unix, not(target_os = "windows")))']) {
  for (const runner of ['"env MARK=cfg"', '["env", "MARK=cfg"]']) {
    test(`${runner} of ${cfg}`, async (t) => {
      const other = "[target.'cfg(windows)']\nrunner = 'absent'\n";
      const [path, text] = Object.entries(configured(`'${cfg}'`, runner))[0] as [string, string];
      const { held, mark } = await launch(t, { files: { [path]: text + other } });
      assert.deepEqual(held, ['SOCKET', 'env', 'MARK=cfg', ...PROGRAM]);
      assert.equal(mark, 'cfg');
    });
  }
}

test('the triple goes before a cfg that applies', async (t) => {
  const files = configured(host, '"env MARK=triple"');
  files['.cargo/config.toml'] += "[target.'cfg(unix)']\nrunner = 'absent'\n";
  assert.equal((await launch(t, { files })).mark, 'triple');
});

test('a cfg that RUSTFLAGS turn on', async (t) => {
  const files = configured(`'cfg(chosen = "yes")'`, '"env MARK=chosen"');
  const env = { RUSTFLAGS: '--cfg chosen="yes"' };
  assert.equal((await launch(t, { files, env })).mark, 'chosen');
});

for (const form of ['nothing', 'a string', 'an array']) {
  test(`the environment over ${form}; the program sees it unchanged`, async (t) => {
    const runner = { nothing: undefined, 'a string': '"absent"', 'an array': '["absent"]' }[form];
    const files = runner === undefined ? {} : configured(host, runner);
    const name = runnerVariable();
    const { held, mark, variables } = await launch(t, { files, env: { [name]: 'env MARK=environment' } });
    assert.deepEqual(held, ['SOCKET', 'env', 'MARK=environment', ...PROGRAM]);
    assert.deepEqual([mark, variables], ['environment', name]);
  });
}

for (const runner of ["'env MARK=typed'", "['env', 'MARK=typed']"]) {
  test(`--config with ${runner}`, async (t) => {
    const cargoArgs = ['--config', `target.${host}.runner=${runner}`];
    const { held, mark } = await launch(t, { cargoArgs });
    assert.deepEqual(held, ['SOCKET', 'env', 'MARK=typed', ...PROGRAM]);
    assert.equal(mark, 'typed');
  });
}

test('--config over the environment, as cargo ranks them', async (t) => {
  const env = { [runnerVariable()]: 'absent' };
  const cargoArgs = ['--config', `target.${host}.runner='env MARK=typed'`];
  assert.equal((await launch(t, { cargoArgs, env })).mark, 'typed');
});

test('the environment over a cfg of --config', async (t) => {
  const env = { [runnerVariable()]: 'env MARK=environment' };
  const cargoArgs = ['--config', `target.'cfg(unix)'.runner='absent'`];
  assert.equal((await launch(t, { cargoArgs, env })).mark, 'environment');
});

test('--config over a file, both arrays: only what cargo would run', async (t) => {
  const files = configured(host, '["absent"]');
  const cargoArgs = [`--config=target.${host}.runner=['env', 'MARK=typed']`];
  assert.equal((await launch(t, { files, cargoArgs })).mark, 'typed');
});

test('a configuration in a parent directory', async (t) => {
  const files = configured(host, '"env MARK=parent"');
  const { held, mark } = await launch(t, { files, project: 'deep/er' });
  assert.deepEqual(held, ['SOCKET', 'env', 'MARK=parent', ...PROGRAM]);
  assert.equal(mark, 'parent');
});

const RUNNER_SCRIPT = '#!/bin/sh\nMARK=script exec "$@"\n';

for (const key of ['triple', 'cfg(unix)', 'cfg(target_os = "linux")']) {
  test(`a relative runner of ${key} is found from the directory that configures it`, async (t) => {
    const files = { ...configured(key === 'triple' ? host : `'${key}'`, '["./runs it.sh"]') };
    const script = { 'runs it.sh': RUNNER_SCRIPT };
    const project = 'deep';
    const { directory, held, mark } = await launch(t, { files: { ...files, ...script }, project });
    assert.deepEqual(held, ['SOCKET', join(directory, 'runs it.sh'), ...PROGRAM]);
    assert.equal(mark, 'script');
  });
}

test('a relative runner of --config FILE is found from the directory above that of the file', async (t) => {
  const files = {
    'set/runner.toml': `[target.${host}]\nrunner = ["set/../runs it.sh"]\n`,
    'runs it.sh': RUNNER_SCRIPT,
  };
  const { mark } = await launch(t, { files, project: 'deep', cargoArgs: ['--config', '../set/runner.toml'] });
  assert.equal(mark, 'script');
});

test('a string cannot hold a gate with a space in its path: refused before the program starts', async (t) => {
  const cwd = cargoProject(t, {
    'Cargo.toml': manifest('tells'),
    'src/main.rs': TELLS,
    ...configured(host, '"env MARK=1"'),
  });
  const run = await prepareCargoRun({ cargoArgs: [], programArgs: [], cwd, env: offlineEnvironment() });
  const isClear = (error: unknown) =>
    error instanceof UsageError &&
    error.message.includes('"/opt/my tools/gate"') &&
    error.advice.endsWith(`target.${host}.runner = ["env","MARK=1"]`);
  assert.throws(() => run.launch(['/opt/my tools/gate', 'SOCKET']), isClear);
  assert.ok(!existsSync(join(cwd, 'told')));
});

test('a cargo without `config get`: the runner of the environment is still chained', async (t) => {
  const directory = cargoProject(t, {
    cargo: '#!/bin/sh\ncase " $* " in *" config get "*) exit 101 ;; esac\nexec cargo "$@"\n',
  });
  const env = { CARGO: join(directory, 'cargo') };
  const plain = await launch(t, { env });
  assert.deepEqual(plain.held, ['SOCKET', ...PROGRAM]);
  const chained = await launch(t, { env: { ...env, [runnerVariable()]: 'env MARK=environment' } });
  assert.equal(chained.mark, 'environment');
});

test('the harness of a test is run by both', async (t) => {
  const cwd = cargoProject(t, {
    'Cargo.toml': manifest('tested'),
    'src/lib.rs': '#[test] fn marked() { assert_eq!(std::env::var("MARK").unwrap(), "test"); }',
    ...configured(host, '"env MARK=test"'),
  });
  const gate = gateScript(t);
  const env = offlineEnvironment();
  const run = await prepareCargoRun({ cargoArgs: ['test', '--lib', '-q'], programArgs: [], cwd, env });
  assert.deepEqual(await run.launch([gate.path, 'SOCKET']).exited, { code: 0, signal: null });
  assert.deepEqual(gate.held().slice(0, 4), ['SOCKET', 'env', 'MARK=test', run.targets[0]?.executable]);
});
