import { type ChildProcess, spawn } from 'node:child_process';
import type { CargoContext } from './cargo-process.js';

const MAX_OUTPUT_BYTES = 64 << 20;

/**
 * Standard output of a command that must exit with 0 within `timeoutMs`; its other streams are /dev/null. It runs in a
 * session of its own, so that everything it started ends with it. Does not use execa, which ends only the command.
 *
 * @throws Error that says how it ended instead
 */
export function outputWithin(
  timeoutMs: number,
  [program = '', ...args]: readonly string[],
  context: CargoContext,
): Promise<string> {
  const child = spawn(program, args, { ...context, stdio: ['ignore', 'pipe', 'ignore'], detached: true });
  const chunks: Buffer[] = [];
  let receivedBytes = 0;
  let failure: string | undefined;
  const giveUp = (reason: string): void => {
    failure ??= reason;
    endSession(child);
  };
  const timer = setTimeout(giveUp, timeoutMs, `no answer to --list within ${timeoutMs / 1_000} s`);
  child.stdout.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    receivedBytes += chunk.length;
    if (receivedBytes > MAX_OUTPUT_BYTES) giveUp(`more than ${MAX_OUTPUT_BYTES >> 20} MiB of output`);
  });
  // Processes that it left running may hold the pipe open.
  child.once('exit', () => endSession(child));
  return new Promise<string>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      if (code !== 0) failure ??= `--list ended with ${signal ?? `exit code ${code}`}`;
      if (failure === undefined) resolve(Buffer.concat(chunks).toString());
      else reject(new Error(failure));
    });
  }).finally(() => clearTimeout(timer));
}

function endSession({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // The session is empty.
  }
}
