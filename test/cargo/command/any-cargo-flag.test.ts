import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, test } from 'node:test';
import { hostTriple } from '../../../src/cargo/project/rustc.js';
import { type Cleanup, cargoProject, manifest, offlineEnvironment } from '../cargo-project.js';
import { needsNightly, nightlyEnvironment } from '../nightly.js';
import { assertSameAsCargo } from './same-as-cargo.js';

/** Says which program it is, with which features it was built, and its arguments. */
const TELLS = `use std::{env, fs, io::Write};
fn main() {
    let features = [(cfg!(feature = "extra"), "extra"), (cfg!(feature = "usual"), "usual")];
    let on: Vec<_> = features.iter().filter(|(is_on, _)| *is_on).map(|(_, name)| name).collect();
    let args: Vec<_> = env::args().skip(1).collect();
    let marked = cfg!(marked);
    let mut told = fs::OpenOptions::new().append(true).create(true).open(env::var("TOLD").unwrap()).unwrap();
    writeln!(told, "{} {} {on:?} {marked} {args:?}", env!("CARGO_PKG_NAME"), env!("CARGO_BIN_NAME")).unwrap();
}`;
const TEST = '#[test] fn passes() {}';
const FEATURES =
  '[features]\ndefault = ["usual"]\nusual = []\nextra = []\n[[bin]]\nname = "gated"\nrequired-features = ["extra"]';
const LINTS = '[lints.rust]\nunexpected_cfgs = "allow"';

/** Below a folder with a space and letters beyond ASCII. `twin` has a binary of the same name as `app`. */
const FILES: Record<string, string> = {
  'pröject 🐝/Cargo.toml':
    '[workspace]\nmembers = ["app", "twin", "picks"]\ndefault-members = ["picks"]\nresolver = "2"\n[profile.mine]\ninherits = "dev"\n',
  'pröject 🐝/app/Cargo.toml': manifest('app', `${FEATURES}\n${LINTS}`),
  'pröject 🐝/app/src/main.rs': `${TELLS}\n${TEST}`,
  'pröject 🐝/app/src/bin/gated.rs': TELLS,
  'pröject 🐝/app/src/lib.rs': `//! \`\`\`\n//! assert!(true);\n//! \`\`\`\n${TEST}`,
  'pröject 🐝/app/examples/shows.rs': 'fn main() {}',
  'pröject 🐝/app/tests/integration.rs': TEST,
  'pröject 🐝/twin/Cargo.toml': manifest('twin', `[[bin]]\nname = "app"\npath = "src/main.rs"\n${LINTS}`),
  'pröject 🐝/twin/src/main.rs': `${TELLS}\n${TEST}`,
  'pröject 🐝/picks/Cargo.toml': manifest('picks', `default-run = "second"\n${LINTS}`),
  'pröject 🐝/picks/src/bin/first.rs': TELLS,
  'pröject 🐝/picks/src/bin/second.rs': TELLS,
  'pröject 🐝/set/extra.toml': '[build]\nrustflags = ["--cfg", "marked"]\n',
};

interface Setup {
  args: string[];
  program?: string[];
  /** Below the workspace. */
  cwd?: string;
  env?: NodeJS.ProcessEnv;
}

interface Workspace {
  root: string;
  scratch: string;
}

function makeWorkspace(t: Cleanup, more: Record<string, string> = {}): Workspace {
  const root = join(cargoProject(t, { ...FILES, ...more }), 'pröject 🐝');
  const scratch = mkdtempSync(join(tmpdir(), 'bee-same-'));
  t.after(() => rmSync(scratch, { recursive: true, force: true }));
  return { root, scratch };
}

/** One for all that leaves its files alone: what is built once is not built again. */
const shared = makeWorkspace({ after });

async function same({ args, program, cwd = '.', env }: Setup, { root, scratch }: Workspace = shared) {
  const line = { cwd: join(root, cwd), args, env: { ...offlineEnvironment(), ...env } };
  return await assertSameAsCargo(program === undefined ? line : { ...line, program }, scratch);
}

const RUNS: Setup[] = [
  { args: [] },
  { args: [], cwd: 'picks/src' },
  { args: ['-p', 'app', '--bin', 'app'], program: ['--port', '0'] },
  { args: ['-papp', '--bin=app', '--no-default-features'] },
  { args: ['--package', 'app', '--bin', 'app', '--features', 'extra'] },
  { args: ['--bin', 'gated', '-F', 'extra'], cwd: 'app' },
  { args: ['--bin', 'gated', '--all-features'], cwd: 'app' },
  { args: ['--example', 'shows'], cwd: 'app' },
  { args: ['-p', 'twin', '--bin', 'app'] },
  { args: ['-p', 'twin'] },
  { args: ['-p', 'twin@0.1.0'] },
  { args: ['-p', 'twin@0.1'] },
  { args: ['-p', 'picks'], program: [] },
  { args: ['-p', 'picks@0'] },
  { args: ['--target-dir', 'another dir'] },
  { args: ['--config', 'build.target-dir="configured"'] },
  { args: ['--config', 'build.build-dir="building é"'] },
  { args: ['--manifest-path', '../app/Cargo.toml', '--bin', 'app'], cwd: 'picks' },
  { args: ['-j1', '--keep-going', '--ignore-rust-version', '--color', 'never'] },
  { args: ['-vv'] },
  { args: ['run', '--quiet', '--bin', 'first', 'positional', '--bin', 'x'], program: ['y'] },
  { args: ['--target', 'host-tuple'] },
  { args: ['--config', 'set/extra.toml', '--bin', 'first'] },
  { args: ['test', '-p', 'app', '--no-fail-fast'] },
  { args: ['test', '--workspace', '--exclude', 'twin', '--lib', '--bins', '--tests'] },
  { args: ['test', '--all', '--bins', 'passes'], program: ['--test-threads', '1'] },
  { args: ['test', '-p', 'app', '--test', 'integration', '--features=extra', '-j', '2'] },
  { args: ['test', '-p', 'app', '--examples', '--lib'] },
  { args: ['test', '-p', 'app', '--all-targets'] },
  { args: ['test', '-p', 'app', '--doc'] },
  { args: ['t', '-p', 'app', '-p', 'twin', '--bins'] },
  { args: ['bench', '-p', 'app', '--lib'] },
];

for (const setup of RUNS) {
  const where = setup.cwd === undefined ? '' : ` in ${setup.cwd}`;
  test(`cargo ${setup.args.join(' ')}${where}: the same programs`, async () => void (await same(setup)));
}

test('package specifications as cargo writes them', async () => {
  const env = offlineEnvironment();
  const options = { cwd: shared.root, env, encoding: 'utf8' as const };
  execFileSync('cargo', ['generate-lockfile'], { ...options, stdio: 'ignore' });
  const id = execFileSync('cargo', ['pkgid', '-p', 'picks'], options).trim();
  const url = id.replace(/^path\+/, '').replace(/#.*/, '');
  for (const spec of [id, url, `${url}#0.1.0`, `${url}#picks`, `path+${url}#picks@0.1`]) {
    const run = await same({ args: ['-p', spec] });
    assert.deepEqual([run.targetName, run.targets.length], ['second', 1], spec);
  }
});

test('the outputs go below the folder that --target-dir or CARGO_TARGET_DIR names', async () => {
  const { root } = shared;
  const typed = await same({ args: ['--bin', 'app', '--target-dir', '../else where'], cwd: 'app' });
  assert.equal(typed.targetDirectory, join(root, 'else where'));
  const env = { CARGO_TARGET_DIR: 'of variable' };
  assert.equal((await same({ args: [], env })).targetDirectory, join(root, 'of variable'));
  assert.equal((await same({ args: ['--target-dir=typed'], env })).targetDirectory, join(root, 'typed'));
});

test('--locked, --offline, --frozen, with the lock file that there is', async () => {
  execFileSync('cargo', ['generate-lockfile'], { cwd: shared.root, stdio: 'ignore' });
  for (const flag of ['--locked', '--offline', '--frozen']) await same({ args: [flag] });
});

test('build.target of a file: our runner is that target’s', async (t) => {
  const host = await hostTriple({ cwd: '/', env: process.env });
  const config = { 'pröject 🐝/.cargo/config.toml': `[build]\ntarget = "${host}"\n` };
  const workspace = makeWorkspace(t, config);
  const run = await same({ args: [] }, workspace);
  assert.equal(run.targets[0]?.executable, join(workspace.root, 'target', host, 'debug/second'));
});

const UNSTABLE: Setup[] = [
  { args: ['-Zchecksum-freshness', '-Z', 'unstable-options'] },
  {
    args: ['test', '-p', 'app', '--lib', '-Z', 'panic-abort-tests', '--config', 'profile.dev.panic="abort"'],
  },
  { args: ['-Z', 'trim-paths', '--config', 'profile.dev.trim-paths="all"', '--bin', 'first'] },
  { args: ['-Z', 'build-dir-new-layout', '--config', 'build.build-dir="new layout"', '--bin', 'first'] },
];

for (const setup of UNSTABLE) {
  test(`cargo +nightly ${setup.args.join(' ')}: the same programs`, needsNightly, async (t) => {
    await same({ ...setup, env: nightlyEnvironment }, makeWorkspace(t));
  });
}

test(
  '$CARGO is the cargo that builds: one of nightly builds what only nightly builds',
  needsNightly,
  async (t) => {
    const only = { 'pröject 🐝/picks/src/bin/second.rs': `#![feature(never_type)]\n${TELLS}` };
    const workspace = makeWorkspace(t, only);
    await same({ args: [], env: nightlyEnvironment }, workspace);
    await assert.rejects(same({ args: [] }, workspace), /E0554/);
  },
);

const WRAPPER = '#!/bin/sh\necho wrapped >> "$WRAPPED"\nexec "$@"\n';

for (const [how, setting] of [
  ['RUSTC_WRAPPER', (wrapper: string) => ({ env: { RUSTC_WRAPPER: wrapper }, args: [] })],
  [
    'build.rustc-wrapper',
    (wrapper: string) => ({ env: {}, args: ['--config', `build.rustc-wrapper=${JSON.stringify(wrapper)}`] }),
  ],
] as const) {
  test(`${how} is used for our build too`, async (t) => {
    const wrapper = join(cargoProject(t, { wrapper: WRAPPER }), 'wrapper');
    const { env, args } = setting(wrapper);
    const wrapped = resolve(wrapper, '../wrapped');
    await same({ args, env: { ...env, WRAPPED: wrapped } }, makeWorkspace(t));
    const lines = execFileSync('cat', [wrapped], { encoding: 'utf8' }).trimEnd().split('\n');
    assert.ok(lines.length >= 4, 'the compiler was asked and called, twice');
  });
}
