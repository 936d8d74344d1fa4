import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { repositoryRoot } from '../kernel/running/repository.js';
import { scratchDirectory } from '../kernel/running/scratch-directory.js';
import { type Account, ownAccount } from './account.js';
import { barePath } from './bare-path.js';
import { writeBurningProject } from './burning-project.js';
import { runAs } from './installation.js';
import { unpackTarball } from './tarball.js';

/** Preloaded: the rest of the process believes that it is another system. */
const OTHER_SYSTEMS = { darwin: 'arm64', linux: 'arm64' } as const;

let account: Account;
let packageRoot: string;
let project: string;

before(() => {
  account = ownAccount(barePath());
  packageRoot = unpackTarball(); // no node_modules beside it: koffi is not there either
  rmSync(join(packageRoot, 'prebuilds'), { recursive: true });
  project = writeBurningProject(scratchDirectory());
});

function bee(command: string, args: readonly string[], nodeFlags: readonly string[] = []) {
  const script = join(packageRoot, 'bin', `${command}.cjs`);
  return runAs(account, project, ['node', ...nodeFlags, script, ...args]);
}

/** The error and its advice; that nothing was built before it was said. */
function refusalOf(command: string, args: readonly string[], nodeFlags?: readonly string[]): string {
  const { status, stdout, stderr } = bee(command, args, nodeFlags);
  assert.equal(status, 125, stderr);
  assert.equal(stdout, '');
  assert.ok(!existsSync(join(project, 'target')), 'nothing is built');
  return stderr;
}

for (const [command, ...args] of [
  ['cargo-profile-bee', '--svg', 'out.svg', '--', '--release', '--bin', 'server'],
  ['profile-bee', '--svg', 'out.svg', '--', 'true'],
] as const) {
  test(`${command} without prebuilds/: one sentence, what to type, exit 125`, () => {
    const refusal = refusalOf(command, args).split('\n');
    const missing = join(packageRoot, 'prebuilds/linux-x64/bee-gate');
    assert.equal(refusal[0], `error: cannot capture samples: ${missing} does not exist`);
    assert.match(refusal[1]!, /^ {2}npm install -g cargo-profile-bee /);
    assert.deepEqual(refusal.slice(2), ['']);
    assert.ok(!existsSync(join(project, 'out.svg')));
  });
}

for (const [platform, arch] of Object.entries(OTHER_SYSTEMS)) {
  test(`on ${platform}-${arch}: one sentence that names it`, () => {
    const preload = join(scratchDirectory(), 'other-system.cjs');
    const define = (name: string, value: string) =>
      `Object.defineProperty(process, '${name}', { value: '${value}' });\n`;
    writeFileSync(preload, define('platform', platform) + define('arch', arch));
    const args = ['--svg', 'out.svg', '--', '--bin', 'server'];
    const refusal = refusalOf('cargo-profile-bee', args, ['--require', preload]);
    const why =
      platform === 'linux'
        ? 'this package has native parts for linux-x64 only, and this is linux-arm64'
        : 'capturing needs Linux; this is darwin';
    assert.equal(refusal, `error: cannot capture samples: ${why}\n`);
    assert.equal(bee('cargo-profile-bee', ['--help'], ['--require', preload]).status, 0);
  });
}

test('what needs no native part works: --help, --version, --dry-run, --list-targets', () => {
  const { version } = JSON.parse(readFileSync(join(repositoryRoot, 'package.json'), 'utf8'));
  for (const command of ['cargo-profile-bee', 'profile-bee']) {
    assert.match(bee(command, ['--help']).stdout, /^usage: /m);
    assert.equal(bee(command, ['--version']).stdout, `${command} ${version}\n`);
  }
  const dryRun = bee('cargo-profile-bee', ['--dry-run', '--', '--release', '--bin', 'server']);
  assert.match(dryRun.stdout, /^cargo build .*--bin server --profile profile-bee/m, dryRun.stderr);
  const targets = bee('cargo-profile-bee', ['--list-targets']);
  assert.match(targets.stdout, /--bin server/, targets.stderr);
});
