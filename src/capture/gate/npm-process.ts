import { readProcFile } from './process-above-node.js';

/** How many levels up npm may be: npm starts a shell, and the shell starts us. */
const MAX_DISTANCE = 3;

/**
 * The npm process of the `npx` or `npm exec` that started us, if any. `npm run` does not count: plain cargo would
 * inherit npm's limits there, too.
 */
export function npmProcess(): number | undefined {
  if (process.env.npm_command !== 'exec') return undefined;
  let pid = process.ppid;
  for (let distance = 0; distance < MAX_DISTANCE && pid > 1; distance++) {
    if (/^Name:\s*(node|npm|npx|MainThread)\b/m.test(readProcFile(pid, 'status'))) return pid;
    pid = parentOf(pid);
  }
  return undefined;
}

export function parentOf(pid: number): number {
  return Number(/^PPid:\s*(\d+)$/m.exec(readProcFile(pid, 'status'))?.[1] ?? 0);
}
