import { readFileSync } from 'node:fs';

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
    if (/^Name:\s*(node|npm|npx|MainThread)\b/m.test(readStatus(pid))) return pid;
    pid = parentOf(pid);
  }
  return undefined;
}

export function parentOf(pid: number): number {
  return Number(/^PPid:\s*(\d+)$/m.exec(readStatus(pid))?.[1] ?? 0);
}

/** Empty where there is no such process, or no /proc. */
function readStatus(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    return '';
  }
}
