import { readProcFile } from './process-above-node.js';

/** How many processes npm may be away: it starts a shell, and that what was asked for. */
const MAX_DISTANCE = 3;

/**
 * The npm that `npx` or `npm exec` started us with; undefined where there is none. An `npm run` does not count: what
 * plain cargo is given there comes from npm as well.
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
