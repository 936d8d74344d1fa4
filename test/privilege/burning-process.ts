import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chmodSync, copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { builtProgram } from '../kernel/running/fixture-programs.js';
import { isAlive, readProc, untilTrue } from '../kernel/running/running-bee.js';
import { scratchDirectory } from '../kernel/running/scratch-directory.js';
import type { OrdinaryUser } from '../packaging/account.js';
import { asUser } from './conversation.js';

/** A copy of a fixture program of root's, which everybody may start. */
export function programForAll(name: string): string {
  const directory = scratchDirectory();
  chmodSync(directory, 0o755);
  const path = join(directory, name);
  copyFileSync(builtProgram(name), path);
  chmodSync(path, 0o755);
  return path;
}

/** `spin` as such a copy. `mode` for example 0o4755: as root. */
export function spinProgram({
  mode = 0o755,
  capability = '',
  owner = '0:0',
}: {
  mode?: number;
  capability?: string;
  owner?: string;
} = {}): string {
  const path = programForAll('spin');
  execFileSync('chown', [owner, path]);
  chmodSync(path, mode);
  if (capability !== '') execFileSync('setcap', [capability, path]);
  return path;
}

const burning: ChildProcess[] = [];
process.on('exit', stopBurning);

/** For `afterEach`: what one test started is not to slow down the next. */
export function stopBurning(): void {
  for (const child of burning.splice(0)) child.kill('SIGKILL');
}

/** Burns as that user until `stopBurning`, or for a minute; resolves with its pid once it does. */
export async function burningProcess(user: OrdinaryUser, program = spinProgram()): Promise<number> {
  // Through a shell of the user's: setpriv itself has more rights than they when it starts a program.
  const shell = ['/bin/sh', '-c', 'exec "$0" --seconds 60', program];
  const child = spawn(...asUser(user, shell), { stdio: 'ignore' });
  child.unref(); // nobody waits for it
  burning.push(child);
  const pid = child.pid!;
  await untilTrue('it is the program', () => /^Name:\s*spin$/m.test(readProc(pid, 'status')) && isAlive(pid));
  return pid;
}
