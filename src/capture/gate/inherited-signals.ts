import { readlinkSync } from 'node:fs';
import { constants } from 'node:os';
import { basename } from 'node:path';
import { findNativeFile } from '../../ffi/native-files.js';
import { processAboveNode, readProcFile } from './process-above-node.js';

const ACCESS_MODE = 0o3;
const WRITE_ONLY = 0o1;

/**
 * Signals that this process was started with ignored, as far as it can be told: SIGHUP under nohup. Node takes every
 * signal's default before our first line, libuv does in each child. The parent alone is no evidence for the others:
 * shells, `time` and `system()` ignore some for themselves, and their children do not.
 */
export function ignoredSignals(): readonly NodeJS.Signals[] {
  return isUnderNohup() || isIgnoredBy(processAboveNode(), 'SIGHUP') ? ['SIGHUP'] : [];
}

/** A command to put before one that Node starts, so that it ignores what we were started with ignored; may be empty. */
export function ignoringLauncher(): readonly string[] {
  return ignoredSignals().length === 0 ? [] : [findNativeFile('bee-gate'), '--ignore-hangup'];
}

/** Shells leave in `_` what they started; and nohup puts a /dev/null that cannot be read in the place of a terminal. */
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

/** As in SigIgn of /proc: bit 0 is signal 1. */
export function signalMask(signals: readonly NodeJS.Signals[]): bigint {
  return signals.reduce((mask, signal) => mask | (1n << BigInt(constants.signals[signal] - 1)), 0n);
}
