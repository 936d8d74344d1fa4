import { execFileSync, spawnSync } from 'node:child_process';
import { chownSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withMounts } from '../running/own-mounts.js';

/** A user of this machine who may become root, made for a test process and removed when it ends. */
export interface Sudoer {
  name: string;
  uid: number;
  home: string;
  /** Of another group too, as people are. */
  groups: string;
  /** A command line that runs `command` as a login of this user, who has a toolchain. */
  login(command: readonly string[]): string[];
}

const made: string[] = [];
process.on('exit', () => {
  for (const name of made) {
    rmSync(join('/etc/sudoers.d', name), { force: true });
    spawnSync('userdel', ['--remove', name], { stdio: 'ignore' });
  }
});

/** Where the toolchain appears; empty outside of a login. */
const TOOLCHAIN = 'toolchain';

/**
 * May use sudo without a password. The toolchain of root, which nobody else may enter, is mounted into the home, in a
 * mount namespace of each login: it goes by itself.
 */
export function makeSudoer({ usePty }: { usePty: boolean }): Sudoer {
  const name = `bee-${process.pid}-${made.length}`;
  const home = join('/home', name);
  execFileSync('useradd', ['--create-home', '--shell', '/bin/bash', '--groups', 'audio', name]);
  const id = (flag: string) => execFileSync('id', [flag, name], { encoding: 'utf8' }).trim();
  const sudoers = `/etc/sudoers.d/${name}`;
  writeFileSync(sudoers, `Defaults:${name} ${usePty ? '' : '!'}use_pty\n${name} ALL=(ALL) NOPASSWD: ALL\n`, {
    mode: 0o440,
  });
  made.push(name);
  makeToolchainFolders(home, Number(id('-u')), Number(id('-g')));
  return {
    name,
    uid: Number(id('-u')),
    home,
    groups: id('-G'),
    login: (command) => loginLine(name, join(home, TOOLCHAIN), command),
  };
}

function makeToolchainFolders(home: string, uid: number, gid: number): void {
  for (const folder of [TOOLCHAIN, '.cargo', '.cargo/bin']) {
    mkdirSync(join(home, folder));
    chownSync(join(home, folder), uid, gid);
  }
  for (const program of ['cargo', 'rustc', 'rustdoc']) {
    const link = join(home, '.cargo/bin', program);
    symlinkSync(join(home, TOOLCHAIN, 'bin', program), link);
    execFileSync('chown', ['--no-dereference', `${uid}:${gid}`, link]);
  }
}

function loginLine(name: string, toolchain: string, command: readonly string[]): string[] {
  const sysroot = execFileSync('rustc', ['--print', 'sysroot'], { encoding: 'utf8' }).trim();
  const becoming = ['setpriv', `--reuid=${name}`, `--regid=${name}`, '--init-groups', 'env', '-i'];
  const environment = [
    `HOME=/home/${name}`,
    `USER=${name}`,
    `LOGNAME=${name}`,
    'SHELL=/bin/bash',
    'LANG=C.UTF-8',
  ];
  const path = `PATH=/home/${name}/.cargo/bin:/usr/local/bin:/usr/bin:/bin`;
  return [
    ...withMounts(`mount --bind ${sysroot} ${toolchain}`),
    ...becoming,
    ...environment,
    path,
    ...command,
  ];
}
