import { readFileSync } from 'node:fs';

/**
 * Our parent, or the first above npm and npx, which are Node too. What Node changes of itself before our first line
 * stands nowhere any more; the parent of it tells.
 */
export function processAboveNode(pid = process.ppid): number {
  const status = readProcFile(pid, 'status');
  const isNode = /^Name:\s*(node|npm|npx)/m.test(status);
  const parent = Number(/^PPid:\s*(\d+)$/m.exec(status)?.[1] ?? 0);
  return isNode && parent > 1 ? processAboveNode(parent) : pid;
}

/** Empty where there is no such process, or no /proc. */
export function readProcFile(pid: number | 'self', file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}
