import { type StdioOptions, spawn } from 'node:child_process';
import { throughLauncher } from './cargo-launcher.js';
import type { CargoContext } from './cargo-process.js';
import { inheritedStdio } from './inherited-descriptors.js';

export interface RunningCargo {
  /** With `cargo run` it becomes the program's: cargo execs it. Undefined: not started. */
  pid: number | undefined;
  /** Rejects if cargo cannot be started. */
  exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

/**
 * Starts cargo on the caller's terminal, in its process group, with its environment unchanged. Does not use execa, which
 * kills its children when the parent exits: the program must outlive a failing profiler.
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
