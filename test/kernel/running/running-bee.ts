import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type BeeRequest, beeCommandLine, beeEnvironment } from './run-bee.js';
import { scratchDirectory } from './scratch-directory.js';

/** A run that goes on, for tests that do something to it. */
export interface RunningBee {
  /** In a process group of its own, which it leads. */
  child: ChildProcess;
  pid: number;
  scratch: string;
  /** Standard error so far. */
  said(): string;
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

/** Files go to `scratch`, as those of `runBee` do. */
export function startBee(request: BeeRequest, scratch = scratchDirectory()): RunningBee {
  const [file, ...args] = beeCommandLine(request, scratch);
  const child = spawn(file!, args, {
    cwd: request.cwd ?? scratch,
    env: beeEnvironment(scratch, request.env, request.as),
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr!.on('data', (chunk: Buffer) => (stderr += chunk));
  const ended = new Promise<Awaited<RunningBee['ended']>>((resolve, reject) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
    child.once('error', reject);
  });
  return { child, pid: child.pid!, scratch, said: () => stderr, ended };
}

/** Waits up to half a minute. */
export async function untilTrue(what: string, holds: () => boolean): Promise<void> {
  for (let attempt = 0; attempt < 600; attempt++) {
    if (holds()) return;
    await sleep(50);
  }
  throw new Error(`waited in vain: ${what}`);
}

/** The sampler of the run whose files go to `scratch`; undefined when there is none (any more). */
export function samplerOf(scratch: string): number | undefined {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.map(Number).find((pid) => {
    const [program = '', ...words] = readProc(pid, 'cmdline').split('\0');
    return program.endsWith('/bee-sampler') && words.some((word) => word.startsWith(scratch));
  });
}

/** Empty once the process has gone. */
export function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}

export function isAlive(pid: number): boolean {
  return /^State:\s*[^ZX\s]/m.test(readProc(pid, 'status'));
}

/** A process below `pid` that has this name. */
export function descendantNamed(pid: number, comm: string): number | undefined {
  const children = readProc(pid, `task/${pid}/children`).trim().split(' ').filter(Boolean).map(Number);
  const found = children.find((child) => readProc(child, 'comm').trim() === comm);
  return found ?? children.map((child) => descendantNamed(child, comm)).find((one) => one !== undefined);
}
