import { npmProcess, parentOf } from './npm-process.js';
import { readProcFile } from './process-above-node.js';

/** A soft and a hard limit; Infinity where there is none. */
interface Limit {
  soft: number;
  hard: number;
}

/**
 * The soft limit of open files that this process was started with; undefined where it has not changed. Node raises its
 * own to the hard one before our first line, and the program would have 524,288 where the user's shell allows 1,024.
 * What we were started with stands nowhere any more, so it is the parent's. `npx` is Node too and has raised it before:
 * then it is that of whoever typed it. (Under another parent that is Node, plain cargo has the raised one as well.)
 */
export function inheritedFileLimit(): number | undefined {
  const npm = npmProcess();
  const raised = readLimit('self');
  const original = readLimit(npm === undefined ? process.ppid : parentOf(npm));
  if (raised === undefined || original === undefined) return undefined;
  // Another hard limit is of another world (a service manager), and tells nothing of ours.
  return original.hard === raised.hard && original.soft < raised.soft ? original.soft : undefined;
}

function readLimit(pid: number | 'self'): Limit | undefined {
  const [, soft, hard] = /^Max open files\s+(\S+)\s+(\S+)/m.exec(readProcFile(pid, 'limits')) ?? [];
  if (soft === undefined || hard === undefined) return undefined;
  const number = (text: string) => (text === 'unlimited' ? Number.POSITIVE_INFINITY : Number(text));
  return { soft: number(soft), hard: number(hard) };
}
