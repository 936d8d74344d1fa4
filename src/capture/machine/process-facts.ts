import { existsSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { CaptureError, type CaptureErrorFacts, type Insider } from '../capture-error.js';
import { isThirtyTwoBit } from './elf-class.js';
import { readProcessTable } from './process-table.js';

/** What /proc says about a process; fields that we may not read are empty. */
export interface ProcessFacts {
  uid: number;
  executable: string;
  argv: string[];
  cwd: string;
}

/** Throws CaptureError unless `pid` is a running 64-bit process: no thread, no zombie, no kernel thread. */
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

/** Processes that have this pid inside their containers, in case the user meant one of them. */
function insidersOf(pid: number): Insider[] {
  const rows = Array.from(readProcessTable().values()).filter((row) => pidInside(row.pid) === pid);
  return rows.map(({ pid, name }) => ({ pid, name }));
}

/** The pid of a process inside its own pid namespace; undefined for a process in ours. */
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

/** Empty if we may not read it. Variables that are not valid UTF-8 arrive changed. */
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
