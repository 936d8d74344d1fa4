import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, rmdirSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import type { BeeUser } from '../kernel/running/bee-user.js';
import { withMounts } from '../kernel/running/own-mounts.js';
import { commandPath } from '../kernel/running/repository.js';
import { scratchDirectory } from '../kernel/running/scratch-directory.js';
import { asUser } from './conversation.js';

const LIBEXEC = '/usr/local/libexec';

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** A folder that its commands see as /usr/local/libexec: nothing of the machine's changes, whatever mode it gets. */
export class OwnLibexec {
  readonly path = scratchDirectory();

  constructor() {
    chmodSync(this.path, 0o755);
    if (existsSync(LIBEXEC)) return;
    mkdirSync(LIBEXEC);
    process.on('exit', () => rmdirSync(LIBEXEC));
  }

  /** In front of a command. */
  get #mounts(): string[] {
    const remount = `mount -o remount,bind,suid,exec ${LIBEXEC}`; // /tmp may have neither
    return withMounts(`mount --bind ${this.path} ${LIBEXEC}`, remount);
  }

  run(command: readonly string[], env: NodeJS.ProcessEnv = {}): Ended {
    const [file, ...args] = [...this.#mounts, ...command];
    const { status, stdout, stderr } = spawnSync(file!, args, {
      encoding: 'utf8',
      env: { ...process.env, SUDO_USER: undefined, ...env },
    });
    return { code: status, stdout, stderr };
  }

  async start(command: readonly string[]): Promise<Ended> {
    const [file, ...args] = [...this.#mounts, ...command];
    const child = spawn(file!, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
    const [code, stdout, stderr] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
    return { code, stdout, stderr };
  }

  /** `profile-bee` by root. */
  bee(...args: string[]): Ended {
    return this.run([process.execPath, commandPath('profile-bee'), ...args]);
  }

  beeOf(user: BeeUser, args: readonly string[], umask = '022'): Ended {
    const bee = `${user.packageRoot}/bin/profile-bee.cjs`;
    const [file, rest] = asUser(user, withUmask(umask, [process.execPath, bee, ...args]));
    return this.run([file, ...rest], { HOME: user.home, XDG_CACHE_HOME: undefined, TMPDIR: '/tmp' });
  }
}

export function withUmask(umask: string, command: readonly string[]): string[] {
  return ['/bin/sh', '-c', `umask ${umask}; exec "$@"`, 'sh', ...command];
}
