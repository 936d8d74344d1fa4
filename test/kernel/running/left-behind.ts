import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Files in the run's temporary folder, and processes that name the run's folder on their command line (the
 * sampler gets the path of its socket). A process that is about to end gets two seconds.
 */
export async function whatIsLeftBehind(scratch: string): Promise<string[]> {
  for (let attempt = 0; attempt < 20; attempt += 1) {
    if (leftNow(scratch).length === 0) return [];
    await sleep(100);
  }
  return leftNow(scratch);
}

function leftNow(scratch: string): string[] {
  const files = readdirSync(join(scratch, 'tmp')).map((name) => `file ${name}`);
  const processes = readdirSync('/proc').filter(
    (name) => /^\d+$/.test(name) && commandLine(name).includes(scratch),
  );
  return [...files, ...processes.map((pid) => `process ${pid}: ${commandLine(pid)}`)];
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}
