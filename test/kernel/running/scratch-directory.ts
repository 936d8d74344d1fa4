import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const made: string[] = [];
process.on('exit', () => {
  for (const directory of made) rmSync(directory, { recursive: true, force: true });
});

/** A new empty folder, removed when this process ends. Short: a socket path below it must stay under 108 bytes. */
export function scratchDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'bee-'));
  made.push(directory);
  return directory;
}

/** Those of this process so far. */
export function scratchDirectories(): readonly string[] {
  return made;
}
