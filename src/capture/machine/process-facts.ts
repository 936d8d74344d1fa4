import { existsSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { CaptureError, type CaptureErrorFacts, type Insider } from '../capture-error.js';
import { isThirtyTwoBit } from './elf-class.js';
import { readProcessTable } from './process-table.js';

/** What /proc tells of a process; empty where we may not look. */
export interface ProcessFacts {
  uid: number;
  executable: string;
  argv: string[];
  cwd: string;
}

/** Throws CaptureError unless `pid` is a 64-bit process that runs: not a thread of one, not one that has ended. */
export function checkProcess(pid: number): void {
  const status = tryTo(() => readFileSync(`/proc/${pid}/status`, 'utf8'), '');
  const field = (name: string) => new RegExp(`^${name}:\\s*(\\S+)`, 'm').exec(status)?.[1];
  const refusal = refusalOf(pid, status, field);
  if (refusal !== undefined) throw new CaptureError(refusal);
}

function refusalOf(
  pid: number,
  status: string,
  field: (name: string) => string | undefined,
): CaptureErrorFacts | undefined {
  const code = 'no-such-process';
  if (status === '') return { code, pid, why: 'absent', insiders: insidersOf(pid) };
  const process = Number(field('Tgid'));
  if (process !== pid) return { code, pid, why: 'thread', process };
  if (/^[ZX]/.test(field('State') ?? '')) return { code, pid, why: 'zombie' };
  if (!existsSync(`/proc/${pid}/exe`) && field('VmSize') === undefined)
    return { code, pid, why: 'kernel-thread' };
  if (isThirtyTwoBit(`/proc/${pid}/exe`)) return { code: 'thirty-two-bit', pid, name: field('Name') };
  return undefined;
}

/** The pid may be the one that a process has inside of its container. */
function insidersOf(pid: number): Insider[] {
  const rows = Array.from(readProcessTable().values()).filter((row) => pidInside(row.pid) === pid);
  return rows.map(({ pid, name }) => ({ pid, name }));
}

/** What a process in a pid namespace of its own takes for its pid; undefined for all others. */
function pidInside(pid: number): number | undefined {
  const status = tryTo(() => readFileSync(`/proc/${pid}/status`, 'utf8'), '');
  const pids = /^NSpid:\s*(.*)$/m.exec(status)?.[1]?.split(/\s+/) ?? [];
  return pids.length > 1 ? Number(pids.at(-1)) : undefined;
}

export function readProcessFacts(pid: number): ProcessFacts {
  return {
    uid: statSync(`/proc/${pid}`, { throwIfNoEntry: false })?.uid ?? -1,
    executable: tryTo(() => readlinkSync(`/proc/${pid}/exe`), ''),
    argv: tryTo(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1), []),
    cwd: tryTo(() => readlinkSync(`/proc/${pid}/cwd`), ''),
  };
}

/** Variables that are no valid UTF-8 arrive changed. Empty where we may not look. */
export function readProcessEnvironment(pid: number): Record<string, string> {
  const variables = tryTo(() => readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0'), []);
  return Object.fromEntries(
    variables.flatMap((variable) => {
      const equals = variable.indexOf('=', 1);
      return equals < 0 ? [] : [[variable.slice(0, equals), variable.slice(equals + 1)]];
    }),
  );
}

function tryTo<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch {
    return otherwise;
  }
}
