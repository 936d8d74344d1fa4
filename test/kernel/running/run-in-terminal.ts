import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { whatIsLeftBehind } from './left-behind.js';
import { type BeeRequest, type BeeRun, beeCommandLine, beeEnvironment, readFiles } from './run-bee.js';
import { scratchDirectory } from './scratch-directory.js';

/**
 * Runs the product on a pseudo terminal (util-linux `script`), and types Ctrl-C once, a second after `ready` was
 * printed: the line discipline then signals the foreground process group as for a person. Output and errors come
 * together as stdout.
 */
export async function runInTerminal(request: BeeRequest, ready: RegExp): Promise<BeeRun> {
  const scratch = scratchDirectory();
  const command = `exec ${beeCommandLine(request, scratch).map(shellQuoted).join(' ')}`;
  const env = { ...beeEnvironment(scratch, request.env), SHELL: '/bin/sh' };
  const child = spawn('script', ['-qec', command, '/dev/null'], {
    cwd: request.cwd ?? scratch,
    env,
    detached: true,
  });
  const guard = setTimeout(() => process.kill(-child.pid!, 'SIGKILL'), request.timeoutMs ?? 90_000);
  child.stdin.on('error', () => {});
  typeAfter(child.stdout, ready, () => child.stdin.write('\x03'));
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  clearTimeout(guard);
  const leftBehind = await whatIsLeftBehind(scratch);
  return {
    code,
    signal: null,
    stdout,
    stderr: `${stdout}${stderr}`,
    scratch,
    ...readFiles(scratch),
    leftBehind,
  };
}

function typeAfter(output: NodeJS.ReadableStream, ready: RegExp, type: () => void): void {
  let seen = '';
  const listen = async (chunk: Buffer): Promise<void> => {
    seen += chunk.toString();
    if (!ready.test(seen)) return;
    output.removeListener('data', listen);
    await sleep(1_000);
    type();
  };
  output.on('data', listen);
}

export function shellQuoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
