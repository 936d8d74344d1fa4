import { readlinkSync } from 'node:fs';
import { constants } from 'node:os';
import { basename } from 'node:path';
import { findNativeFile } from '../../ffi/native-files.js';
import { processAboveNode, readProcFile } from './process-above-node.js';

const ACCESS_MODE = 0o3;
const WRITE_ONLY = 0o1;

/**
 * The signals that this process was started with ignored, as far as they are knowable: SIGHUP under nohup. Node resets
 * every signal to its default before our first line, and libuv does so in each child. For other signals the parent is
 * no evidence: shells, `time` and `system()` ignore some themselves but not in their children.
 */
export function ignoredSignals(): readonly NodeJS.Signals[] {
  return isUnderNohup() || isIgnoredBy(processAboveNode(), 'SIGHUP') ? ['SIGHUP'] : [];
}

/** A prefix for a command that Node starts, so that it ignores what we inherited as ignored; may be empty. */
export function ignoringLauncher(): readonly string[] {
  return ignoredSignals().length === 0 ? [] : [findNativeFile('bee-gate'), '--ignore-hangup'];
}

/** Shells put the command that they start into `_`; nohup replaces a terminal on stdin by a write-only /dev/null. */
function isUnderNohup(): boolean {
  return basename(process.env._ ?? '') === 'nohup' || isUnreadableNull(0);
}

function isUnreadableNull(descriptor: number): boolean {
  const [, octal = '0'] = /^flags:\s*(\d+)$/m.exec(readProcFile('self', `fdinfo/${descriptor}`)) ?? [];
  return (Number.parseInt(octal, 8) & ACCESS_MODE) === WRITE_ONLY && fileOf(descriptor) === '/dev/null';
}

function fileOf(descriptor: number): string {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`);
  } catch {
    return '';
  }
}

function isIgnoredBy(pid: number, signal: NodeJS.Signals): boolean {
  const [, ignored = '0'] = /^SigIgn:\s*([0-9a-f]+)$/m.exec(readProcFile(pid, 'status')) ?? [];
  return (BigInt(`0x${ignored}`) & signalMask([signal])) !== 0n;
}

/** In the format of SigIgn in /proc: bit 0 is signal 1. */
export function signalMask(signals: readonly NodeJS.Signals[]): bigint {
  return signals.reduce((mask, signal) => mask | (1n << BigInt(constants.signals[signal] - 1)), 0n);
}
