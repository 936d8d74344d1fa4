import { npmProcess, parentOf } from './npm-process.js';
import { readProcFile } from './process-above-node.js';

/** A soft and a hard limit; Infinity for unlimited. */
interface Limit {
  soft: number;
  hard: number;
}

/**
 * The soft limit on open files before Node raised it, read from the parent (above npx, from npm's parent). Undefined if
 * unchanged or unknown. Node raises its limit to the hard one before our first line: the program would get 524,288
 * instead of the shell's 1,024. Other parents that are Node are not skipped, since plain cargo inherits their limit.
 */
export function inheritedFileLimit(): number | undefined {
  const npm = npmProcess();
  const raised = readLimit('self');
  const original = readLimit(npm === undefined ? process.ppid : parentOf(npm));
  if (raised === undefined || original === undefined) return undefined;
  // A different hard limit comes from elsewhere (a service manager), so its soft limit is no evidence.
  return original.hard === raised.hard && original.soft < raised.soft ? original.soft : undefined;
}

function readLimit(pid: number | 'self'): Limit | undefined {
  const [, soft, hard] = /^Max open files\s+(\S+)\s+(\S+)/m.exec(readProcFile(pid, 'limits')) ?? [];
  if (soft === undefined || hard === undefined) return undefined;
  const number = (text: string) => (text === 'unlimited' ? Number.POSITIVE_INFINITY : Number(text));
  return { soft: number(soft), hard: number(hard) };
}
