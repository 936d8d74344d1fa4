import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { callersEnvironment, findSudoCaller } from '../../../src/surfaces/cli/sudo/sudo-caller.js';

const SUDO = { SUDO_UID: '1000', SUDO_GID: '1001', SUDO_USER: 'ann', SUDO_COMMAND: '/bin/x' };

const callers: { name: string; env: NodeJS.ProcessEnv; uid?: number; expected: unknown }[] = [
  { name: 'root by sudo', env: SUDO, expected: { uid: 1000, gid: 1001 } },
  { name: 'a login of root', env: {}, expected: undefined },
  { name: 'root who typed sudo', env: { SUDO_UID: '0', SUDO_GID: '0' }, expected: undefined },
  { name: 'no root at all', env: SUDO, uid: 1000, expected: undefined },
  { name: 'no number', env: { SUDO_UID: '-1', SUDO_GID: '1' }, expected: undefined },
  { name: 'half of it', env: { SUDO_UID: '1000' }, expected: undefined },
];

for (const { name, env, uid = 0, expected } of callers) {
  test(`who called sudo: ${name}`, () => assert.deepEqual(findSudoCaller(env, uid), expected));
}

const home = mkdtempSync(join(tmpdir(), 'bee-home-'));
mkdirSync(join(home, '.cargo/bin'), { recursive: true });
writeFileSync(join(home, '.cargo/bin/cargo'), '');
after(() => rmSync(home, { recursive: true }));

const root = { name: 'root', home: '/root', shell: '/bin/sh' };
const ann = { name: 'ann', home, shell: '/bin/zsh' };

/** What is left of `env`, and what it became. */
function changed(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const all = { ...env, ...callersEnvironment(env, root, ann) };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

test('what sudo set for root becomes the caller’s, and nothing tells of sudo', () => {
  const reset = { HOME: '/root', USER: 'root', LOGNAME: 'root', SHELL: '/bin/sh', MAIL: '/var/mail/root' };
  assert.deepEqual(changed({ ...SUDO, ...reset, PATH: '/usr/bin', LANG: 'C' }), {
    HOME: home,
    USER: 'ann',
    LOGNAME: 'ann',
    SHELL: '/bin/zsh',
    PATH: `${home}/.cargo/bin:/usr/bin`,
    LANG: 'C',
  });
});

test('what was kept, or chosen, stays', () => {
  const kept = {
    HOME: '/srv/build',
    USER: 'ann',
    LOGNAME: 'ann',
    SHELL: '/bin/fish',
    CARGO_HOME: '/opt/cargo',
  };
  assert.deepEqual(changed({ ...SUDO, ...kept, PATH: '/usr/bin' }), { ...kept, PATH: '/usr/bin' });
});

test('a toolchain in root’s home is not the caller’s', () => {
  const ofRoot = { CARGO: '/root/.rustup/cargo', CARGO_HOME: '/root/.cargo', RUSTUP_HOME: '/root/.rustup' };
  const env = changed({ ...SUDO, ...ofRoot, HOME: '/root', PATH: '/root/.cargo/bin:/usr/bin' });
  assert.deepEqual([env.CARGO, env.CARGO_HOME, env.RUSTUP_HOME], [undefined, undefined, undefined]);
  assert.equal(env.PATH, `${home}/.cargo/bin:/root/.cargo/bin:/usr/bin`);
});
