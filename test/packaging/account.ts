import { execFileSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { scratchDirectory } from '../kernel/running/scratch-directory.js';

/** Who runs a command: `spawn` takes these as they are. Without ids: the user of the test. */
export interface Account {
  uid?: number;
  gid?: number;
  env: NodeJS.ProcessEnv;
}

export interface OrdinaryUser {
  name: string;
  home: string;
  uid: number;
  gid: number;
}

/** A new user of this machine without any privilege, removed when this process ends. Needs root. */
export function makeOrdinaryUser(suffix = ''): OrdinaryUser {
  const name = `bee-test-${process.pid}${suffix}`;
  const base = scratchDirectory();
  chmodSync(base, 0o755);
  const home = join(base, 'home');
  execFileSync('useradd', ['--create-home', '--home-dir', home, '--shell', '/bin/sh', name], {
    stdio: 'pipe',
  });
  process.on('exit', () => execFileSync('userdel', [name], { stdio: 'ignore' }));
  const id = (flag: string): number => Number(execFileSync('id', [flag, name], { encoding: 'utf8' }));
  return { name, home, uid: id('-u'), gid: id('-g') };
}

/** As if the user had logged in: only the way to the network is kept of the test's environment. */
export function accountOf({ name, home, uid, gid }: OrdinaryUser, path: string): Account {
  const env = { ...networkEnvironment(), PATH: path, HOME: home, USER: name, LOGNAME: name };
  return { uid, gid, env };
}

/** The user of the test, root for tests that profile, with another PATH. */
export function ownAccount(path: string): Account {
  const { HOME, RUSTUP_HOME, CARGO_HOME, RUSTUP_TOOLCHAIN } = process.env;
  const toolchain = Object.entries({ RUSTUP_HOME, CARGO_HOME, RUSTUP_TOOLCHAIN });
  const isSet = ([, value]: [string, string | undefined]): boolean => value !== undefined;
  return {
    env: { ...networkEnvironment(), ...Object.fromEntries(toolchain.filter(isSet)), PATH: path, HOME },
  };
}

function networkEnvironment(): NodeJS.ProcessEnv {
  const isNetwork = (name: string): boolean => /_proxy$|^NODE_EXTRA_CA_CERTS$|^SSL_CERT_/i.test(name);
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => isNetwork(name)));
}
