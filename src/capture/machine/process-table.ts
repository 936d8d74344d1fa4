import { readdirSync, readFileSync } from 'node:fs';

/** A process of /proc, as of one moment. */
export interface ProcessRow {
  pid: number;
  /** Of its first thread, at most 15 bytes. */
  name: string;
  parent: number;
  session: number;
  /** Of all its threads, those that have ended too. */
  cpuMs: number;
  /** Since the machine's start, in ticks: with the pid it tells processes apart. */
  startTicks: number;
}

export type ProcessTable = ReadonlyMap<number, ProcessRow>;

/** The kernel's USER_HZ, which is 100 on every architecture that we know. */
const MS_PER_TICK = 10;

/** Every process that we may see; some milliseconds. */
export function readProcessTable(): ProcessTable {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const rows = pids.flatMap((pid) => readRow(Number(pid)) ?? []);
  return new Map(rows.map((row) => [row.pid, row]));
}

/** Nearest first; without us and what we have started, who are no part of anybody's work. */
export function descendantsOf(table: ProcessTable, ancestor: number): ProcessRow[] {
  const children = new Map<number, ProcessRow[]>();
  for (const row of table.values())
    if (row.pid !== process.pid) children.set(row.parent, [...(children.get(row.parent) ?? []), row]);
  const found = [...(children.get(ancestor) ?? [])];
  for (let next = 0; next < found.length; next++) found.push(...(children.get(found[next]!.pid) ?? []));
  return found;
}

/** Itself, its parent, and so on: for a person's command the shell, the terminal and what has started it. */
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

/** Undefined for one that has just ended. */
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
  const field = (number: number) => Number(fields[number - 3]); // as proc(5) counts them
  return {
    pid,
    name: stat.slice(stat.indexOf('(') + 1, nameEnd),
    parent: field(4),
    session: field(6),
    cpuMs: (field(14) + field(15)) * MS_PER_TICK,
    startTicks: field(22),
  };
}
