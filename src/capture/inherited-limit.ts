import { readFileSync } from 'node:fs';

/** A soft and a hard limit; Infinity where there is none. */
interface Limit {
  soft: number;
  hard: number;
}

/**
 * The soft limit of open files that this process was started with; undefined where it has not changed. Node raises its
 * own to the hard one before our first line, and the program would have 524,288 where the user's shell allows 1,024.
 * What we were started with stands nowhere any more, so it is the parent's; above npm and npx, which are Node too.
 */
export function inheritedFileLimit(): number | undefined {
  const raised = readLimit('self');
  const original = readLimit(firstOtherThanNode(process.ppid));
  if (raised === undefined || original === undefined) return undefined;
  // Another hard limit is of another world (a service manager), and tells nothing of ours.
  return original.hard === raised.hard && original.soft < raised.soft ? original.soft : undefined;
}

function firstOtherThanNode(pid: number): number {
  const status = read(pid, 'status');
  const isNode = /^Name:\s*(node|npm|npx)/m.test(status);
  const parent = Number(/^PPid:\s*(\d+)$/m.exec(status)?.[1] ?? 0);
  return isNode && parent > 1 ? firstOtherThanNode(parent) : pid;
}

function readLimit(pid: number | 'self'): Limit | undefined {
  const [, soft, hard] = /^Max open files\s+(\S+)\s+(\S+)/m.exec(read(pid, 'limits')) ?? [];
  if (soft === undefined || hard === undefined) return undefined;
  const number = (text: string) => (text === 'unlimited' ? Number.POSITIVE_INFINITY : Number(text));
  return { soft: number(soft), hard: number(hard) };
}

/** Empty where there is no such process, or no /proc. */
function read(pid: number | 'self', file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}
