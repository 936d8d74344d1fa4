import { type StdioOptions, spawn } from 'node:child_process';
import { throughLauncher } from './cargo-launcher.js';
import type { CargoContext } from './cargo-process.js';
import { inheritedStdio } from './inherited-descriptors.js';

export interface RunningCargo {
  /** Of `cargo run` it becomes the program's: cargo executes it in its own place. Undefined: not started. */
  pid: number | undefined;
  /** Rejects when cargo cannot be started. */
  exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

/**
 * Starts cargo on the caller's terminal, in its process group, with nothing of its environment changed. Not by execa,
 * which kills what it started when the parent ends: the program outlives a profiler that fails.
 */
export function launchCargo(command: readonly string[], context: CargoContext): RunningCargo {
  const [program, ...args] = throughLauncher(command);
  const stdio: StdioOptions = ['inherit', 'inherit', 'inherit', ...inheritedStdio()];
  const child = spawn(program, args, { ...context, stdio });
  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
  return { pid: child.pid, exited };
}
