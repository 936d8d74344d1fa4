import { readFileSync } from 'node:fs';

/** Only this program's. getrusage's ru_maxrss survives exec: it would be the shell's or npm's if theirs was larger. */
export function peakRssBytes(): number {
  try {
    const [, kilobytes] = /^VmHWM:\s*(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
    if (kilobytes !== undefined) return Number(kilobytes) * 1024;
  } catch {
    // no /proc
  }
  return process.resourceUsage().maxRSS * 1024;
}
