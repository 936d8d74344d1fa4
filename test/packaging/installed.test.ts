import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { assertAccounts } from '../kernel/results/assert-summary.js';
import type { Summary } from '../kernel/results/summary.js';
import { setUpSampler } from '../kernel/running/installed-sampler.js';
import { needsRoot } from '../kernel/running/needs-root.js';
import { withMounts } from '../kernel/running/own-mounts.js';
import { repositoryRoot } from '../kernel/running/repository.js';
import { becoming as becomingUser, homeEnvironment } from '../kernel/running/run-as-user.js';
import { type Account, accountOf, makeOrdinaryUser, type OrdinaryUser, ownAccount } from './account.js';
import { barePath } from './bare-path.js';
import { writeBurningProject } from './burning-project.js';
import { diskBytes, installTarball, runAs } from './installation.js';

const MAX_INSTALLED_BYTES = 13.5e6;
/** A mount namespace in which the checkout is an empty folder. */
const WITHOUT_CHECKOUT = withMounts(`/bin/mount -t tmpfs none '${repositoryRoot}'`);

let path: string;
let user: OrdinaryUser;
let installer: Account;
let installed: string;

before(() => {
  if (needsRoot.skip) return;
  path = barePath();
  user = makeOrdinaryUser();
  installer = accountOf(user, path);
  installed = installTarball(installer);
});

test('an ordinary user installs it: three packages, the files are theirs, 13.5 MB at most', needsRoot, () => {
  const modules = join(installed, 'node_modules');
  const root = realpathSync(join(modules, 'cargo-profile-bee'));
  assert.equal(statSync(join(root, 'dist/cli.cjs')).uid, user.uid);
  assert.ok(root.startsWith(realpathSync(installed)), root);
  const list = runAs(installer, installed, ['npm', 'ls', '--all', '--parseable']);
  assert.equal(list.stdout.trim().split('\n').length, 4, list.stdout);
  const bytes = diskBytes(modules);
  assert.ok(bytes > 5e6 && bytes <= MAX_INSTALLED_BYTES, `${bytes} bytes`);
});

for (const who of ['root', 'the ordinary user, through setup'] as const) {
  test(`npx cargo-profile-bee --svg by ${who}, without clang and without the checkout`, needsRoot, () => {
    const project = writeBurningProject(join(user.home, `project of ${who}`));
    const wrapper = ['npx', '--prefix', installed, '--no-install', 'cargo-profile-bee'];
    const ours = ['--no-open', '--summary-json', 'summary.json', '--svg', 'out.svg'];
    const command = [...wrapper, ...ours, '--', '--release', '--bin', 'server'];
    const run = who === 'root' ? runByRoot(project, command) : runByUser(project, command);
    assert.equal(run.status, 0, run.stderr);
    const summary = JSON.parse(readFileSync(join(project, 'summary.json'), 'utf8')) as Summary;
    assertAccounts(summary);
    assert.equal(summary.elevation, who === 'root' ? 'none' : 'setup');
    assert.ok(summary.samples.delivered > 100, run.stderr);
    const svg = readFileSync(join(project, 'out.svg'), 'utf8');
    assert.match(svg, /data-name="server::burn"/);
    assert.match(svg, /<\/svg>\s*$/);
  });
}

function runByRoot(project: string, command: readonly string[]) {
  return runAs(ownAccount(path), project, [...WITHOUT_CHECKOUT, ...command]);
}

/** Root only makes the namespace, with the toolchain in the user's home, and becomes the user in it. */
function runByUser(project: string, command: readonly string[]) {
  setUpSampler('--user', user.name);
  execFileSync('chown', ['-R', `${user.uid}:${user.gid}`, project]);
  const bee = { ...user, packageRoot: installed };
  const becoming = [...WITHOUT_CHECKOUT, '/usr/bin/env', `PATH=${process.env.PATH}`, ...becomingUser(bee)];
  const variables = Object.entries({ ...installer.env, ...homeEnvironment(bee), PATH: '' });
  const env = variables.map(([name, value]) =>
    name === 'PATH' ? `PATH=${user.home}/.cargo/bin:${path}` : `${name}=${value}`,
  );
  return runAs(ownAccount(path), project, [...becoming, '/usr/bin/env', '-i', ...env, ...command]);
}

test('that PATH has no clang, and the namespace no checkout', needsRoot, () => {
  const account = ownAccount(path);
  assert.notEqual(runAs(account, installed, ['/bin/sh', '-c', 'command -v clang clang-19']).status, 0);
  const script = `test ! -e ${repositoryRoot}/package.json`;
  assert.equal(runAs(account, installed, [...WITHOUT_CHECKOUT, 'sh', '-c', script]).status, 0);
  assert.ok(existsSync(join(repositoryRoot, 'package.json')));
});
