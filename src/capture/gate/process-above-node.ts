import { readFileSync } from 'node:fs';

/**
 * The nearest ancestor that is not node, npm or npx. Node changes its signals and limits at start, so we read the
 * original values from this process.
 */
export function processAboveNode(pid = process.ppid): number {
  const status = readProcFile(pid, 'status');
  const isNode = /^Name:\s*(node|npm|npx)/m.test(status);
  const parent = Number(/^PPid:\s*(\d+)$/m.exec(status)?.[1] ?? 0);
  return isNode && parent > 1 ? processAboveNode(parent) : pid;
}

/** Empty if there is no such process, or no /proc. */
export function readProcFile(pid: number | 'self', file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}
