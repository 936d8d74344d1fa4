import { spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { findNativeFile } from '../../ffi/native-files.js';
import { CaptureError, type SetupOffer } from '../capture-error.js';
import { type MachineFacts, readMachineFacts } from '../machine/machine-facts.js';
import { installedSamplers } from './installed-sampler.js';
import { findMissingPrivilege } from './obstacle.js';
import { findSetupCopy } from './setup-copy.js';

/** How the sampler gets the rights that it needs. In every case it drops all others at once. */
export interface Elevation {
  kind: 'none' | 'capabilities' | 'setup' | 'sudo';
  /** The command that starts it, without its last argument, the path of the socket. */
  command: readonly string[];
  /** Whether sudo will ask for a password on the terminal. */
  asks: boolean;
}

/** Makes the sampler detach from sudo, which some signals end together with its command. */
const BY_SUDO = '--by-sudo';
/** sudo may have to wait for a directory service. */
const SUDO_TIMEOUT_MS = 10_000;

let found: Elevation | undefined;

/**
 * The first way that works on this machine, for the user that this process had at the first call. Throws CaptureError
 * (`not-privileged`) if none works.
 */
export function findElevation(): Elevation {
  if (found !== undefined) return found;
  const facts = readMachineFacts();
  found = facts.isRoot ? asRoot(facts) : asUser(facts);
  if (found === undefined) throw noWay(facts);
  return found;
}

function asRoot({ missingNeeded }: MachineFacts): Elevation | undefined {
  if (missingNeeded.length > 0) return undefined;
  return { kind: 'none', command: [findNativeFile('bee-sampler')], asks: false };
}

/** Tries each way, because the outcome depends on ambient sets, file attributes, mounts and sudo's rules. */
function asUser({ hasNoNewPrivileges }: MachineFacts): Elevation | undefined {
  const sampler = findNativeFile('bee-sampler');
  if (isAble([sampler])) return { kind: 'capabilities', command: [sampler], asks: false };
  if (hasNoNewPrivileges) return undefined;
  const copy = findSetupCopy();
  if (copy !== undefined && isAble([copy])) return { kind: 'setup', command: [copy], asks: false };
  if (isAble(['sudo', '-n', '--', sampler]))
    return { kind: 'sudo', command: ['sudo', '-n', '--', sampler, BY_SUDO], asks: false };
  if (!hasSudo() || !hasTerminal()) return undefined;
  return { kind: 'sudo', command: ['sudo', '--', sampler, BY_SUDO], asks: true };
}

function isAble([file, ...args]: readonly string[]): boolean {
  const options = { stdio: 'ignore', timeout: SUDO_TIMEOUT_MS } as const;
  return spawnSync(file!, [...args, '--check'], options).status === 0;
}

function hasSudo(): boolean {
  return spawnSync('sudo', ['-V'], { stdio: 'ignore' }).status === 0;
}

/** Whether somebody can read our message, and sudo can ask. */
function hasTerminal(): boolean {
  if (!process.stderr.isTTY) return false;
  try {
    closeSync(openSync('/dev/tty', 'r+'));
    return true;
  } catch {
    return false;
  }
}

function noWay(facts: MachineFacts): CaptureError {
  const setup = facts.isRoot || facts.hasNoNewPrivileges ? undefined : setupOffer();
  // Not ambient: nothing is missing here, but file capabilities of Node, for example, do not pass to its children.
  return (
    findMissingPrivilege(facts, setup) ??
    new CaptureError({ code: 'not-privileged', why: 'not-ambient', setup })
  );
}

function setupOffer(): SetupOffer {
  const copies = installedSamplers(findNativeFile('bee-sampler'));
  const other = copies.find(({ kind }) => kind === 'other');
  if (other !== undefined) return { kind: 'other-version', version: other.version };
  const isForOthers = copies.some(({ kind }) => kind === 'forbidden' || kind === 'unreadable');
  return { kind: isForOthers ? 'for-others' : 'first' };
}
