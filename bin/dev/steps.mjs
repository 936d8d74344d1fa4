// Runs the steps of a script one after the other, with a line and the time for each on stderr.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** Runs `action` under a heading; a failure ends the script with the command that failed. */
export async function step(heading, action) {
  const startMs = Date.now();
  process.stderr.write(`==> ${heading}\n`);
  try {
    const result = await action();
    process.stderr.write(`    ${heading}: ${((Date.now() - startMs) / 1000).toFixed(1)} s\n`);
    return result;
  } catch (error) {
    process.stderr.write(`!!! ${heading} failed: ${error.message}\n`);
    process.exit(1);
  }
}

/** A command with our terminal; throws when it fails. `quiet` shows its output only then. */
export function run(command, args, { env = {}, quiet = false, cwd = root } = {}) {
  const result = spawnSync(command, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: quiet ? ['ignore', 'pipe', 'pipe'] : ['ignore', 'inherit', 'inherit'],
    encoding: 'utf8',
    maxBuffer: 256 << 20,
  });
  if (result.status === 0) return;
  if (quiet) process.stderr.write(`${result.stdout ?? ''}${result.stderr ?? ''}`);
  const how = result.error?.message ?? `exit ${result.status ?? result.signal}`;
  throw new Error(`${command} ${args.join(' ')}: ${how}`);
}

/** True when a command of that name is on PATH. */
export function has(command) {
  return spawnSync('sh', ['-c', `command -v ${command}`], { stdio: 'ignore' }).status === 0;
}
