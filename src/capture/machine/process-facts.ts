import { existsSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { CaptureError } from '../capture-error.js';
import { isThirtyTwoBit, THIRTY_TWO_BIT } from './elf-class.js';
import { readProcessTable } from './process-table.js';

/** Containers with a process of one number: most have a 1 and a 7. */
const MAX_INSIDERS = 3;

/** What /proc tells of a process; empty where we may not look. */
export interface ProcessFacts {
  uid: number;
  executable: string;
  argv: string[];
  cwd: string;
}

/** Throws CaptureError unless `pid` is a 64-bit process that runs: not a thread of one, not one that has ended. */
export function checkProcess(pid: number): void {
  const refuse = (cause: string, advice: string): never => {
    throw new CaptureError('no-such-process', `profile process ${pid}`, cause, advice);
  };
  const status = tryTo(() => readFileSync(`/proc/${pid}/status`, 'utf8'), '');
  const field = (name: string) => new RegExp(`^${name}:\\s*(\\S+)`, 'm').exec(status)?.[1];
  if (status === '') refuse('there is no such process', adviceForAbsent(pid));
  if (Number(field('Tgid')) !== pid) {
    refuse(
      `it is a thread of process ${field('Tgid')}`,
      `--pid ${field('Tgid')}   profiles all of its threads`,
    );
  }
  if (/^[ZX]/.test(field('State') ?? '')) refuse('it has ended (a zombie)', '');
  if (!existsSync(`/proc/${pid}/exe`) && field('VmSize') === undefined) {
    refuse('it is a thread of the kernel, without user code', '');
  }
  if (isThirtyTwoBit(`/proc/${pid}/exe`))
    throw new CaptureError('thirty-two-bit', `profile process ${pid} (${field('Name')})`, THIRTY_TWO_BIT);
}

/** The pid may be the one that a process has inside of its container. */
function adviceForAbsent(pid: number): string {
  const insiders = Array.from(readProcessTable().values()).filter((row) => pidInside(row.pid) === pid);
  const lines = insiders.map(
    (row) => `--pid ${row.pid}   is process ${pid} (${row.name}) of a container, by its pid out here`,
  );
  return lines.slice(0, MAX_INSIDERS).join('\n') || 'pgrep -a NAME   finds the pid of a program';
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
