import { userInfo } from 'node:os';
import { startSamplerAhead } from '../../../capture/sampler/sampler-ahead.js';
import type { Terminal } from '../terminal/terminal.js';
import { type Account, callersEnvironment, findSudoCaller, type SudoCaller } from './sudo-caller.js';

/** Missing in Node's types. */
interface Groups {
  initgroups(user: number, extraGroup: number): void;
}

let hasBecome = false;

/** Whether `becomeSudoCaller` changed who we are. */
export function isSudoCaller(): boolean {
  return hasBecome;
}

/**
 * Under `sudo`: starts the sampler, then permanently switches to the calling user before cargo is asked and before any file
 * is created. Switches this whole process, not only its children: what root does not do need not be undone.
 */
export async function becomeSudoCaller(terminal: Terminal): Promise<void> {
  const caller = findSudoCaller(process.env, process.geteuid?.());
  if (caller === undefined) return;
  const root = account();
  await startSamplerAhead(caller);
  become(caller);
  hasBecome = true;
  const own = account();
  if (root !== undefined && own !== undefined) setEnvironment(callersEnvironment(process.env, root, own));
  const name = own?.name ?? `user ${caller.uid}`;
  terminal.note(`running and writing files as ${name}, who called sudo (sudo env -u SUDO_UID … stays root)`);
}

function become({ uid, gid }: SudoCaller): void {
  try {
    (process as NodeJS.Process & Groups).initgroups(uid, gid);
  } catch {
    process.setgroups!([gid]);
  }
  process.setgid!(gid);
  process.setuid!(uid);
  if (
    process.getuid!() !== uid ||
    process.geteuid!() !== uid ||
    process.getegid!() !== gid ||
    canBecomeRoot()
  )
    throw new Error(`cannot switch to user ${uid}, who called sudo`);
}

function canBecomeRoot(): boolean {
  try {
    process.setuid!(0);
    return true;
  } catch {
    return false;
  }
}

/** The effective user's account; undefined if the uid has none. */
function account(): Account | undefined {
  try {
    const { username, homedir, shell } = userInfo();
    return { name: username, home: homedir, shell: shell ?? '' };
  } catch {
    return undefined;
  }
}

function setEnvironment(changes: Readonly<Record<string, string | undefined>>): void {
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
}
