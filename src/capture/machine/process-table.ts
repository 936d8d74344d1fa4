import { readdirSync, readFileSync } from 'node:fs';

/** A snapshot of a process in /proc. */
export interface ProcessRow {
  pid: number;
  /** The name of its first thread, at most 15 bytes. */
  name: string;
  parent: number;
  session: number;
  /** CPU time of all its threads, including those that have ended. */
  cpuMs: number;
  /** Start time in ticks since boot; with the pid it identifies a process. */
  startTicks: number;
}

export type ProcessTable = ReadonlyMap<number, ProcessRow>;

/** From the kernel's USER_HZ, which is 100 on every architecture that we know. */
const MS_PER_TICK = 10;

/** Every process that we may see. Takes some milliseconds. */
export function readProcessTable(): ProcessTable {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const rows = pids.flatMap((pid) => readRow(Number(pid)) ?? []);
  return new Map(rows.map((row) => [row.pid, row]));
}

/** Nearest first, without this process and what it started, which are not the user's work. */
export function descendantsOf(table: ProcessTable, ancestor: number): ProcessRow[] {
  const children = new Map<number, ProcessRow[]>();
  for (const row of table.values())
    if (row.pid !== process.pid) children.set(row.parent, [...(children.get(row.parent) ?? []), row]);
  const found = [...(children.get(ancestor) ?? [])];
  for (let next = 0; next < found.length; next++) found.push(...(children.get(found[next]!.pid) ?? []));
  return found;
}

/** The process, its parent and so on: for a command that a person typed, the shell and the terminal. */
export function lineageOf(table: ProcessTable, pid: number): number[] {
  const lineage: number[] = [];
  for (let next: number | undefined = pid; next !== undefined && next > 0; next = table.get(next)?.parent)
    lineage.push(next);
  return lineage;
}

/** `4711 (nginx)`. */
export function shownProcess({ pid, name }: Pick<ProcessRow, 'pid' | 'name'>): string {
  return name === '' ? String(pid) : `${pid} (${name})`;
}

/** Undefined if the process has just ended. */
function readRow(pid: number): ProcessRow | undefined {
  try {
    return parseRow(pid, readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return undefined;
  }
}

/** `PID (NAME) STATE PARENT GROUP SESSION …`; a name may hold spaces and brackets. */
function parseRow(pid: number, stat: string): ProcessRow {
  const nameEnd = stat.lastIndexOf(')');
  const fields = stat.slice(nameEnd + 2).split(' ');
  const field = (number: number) => Number(fields[number - 3]); // numbered as in proc(5)
  return {
    pid,
    name: stat.slice(stat.indexOf('(') + 1, nameEnd),
    parent: field(4),
    session: field(6),
    cpuMs: (field(14) + field(15)) * MS_PER_TICK,
    startTicks: field(22),
  };
}
