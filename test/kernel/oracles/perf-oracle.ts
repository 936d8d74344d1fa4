import { execFileSync, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { FoldedStack } from '../results/folded-stacks.js';
import { scratchDirectory } from '../running/scratch-directory.js';

export interface PerfFrame {
  name: string;
  /** The file that perf found the address in, `[kernel.kallsyms]` for the kernel. */
  module: string;
}

/** Root first, as in folded text. */
export interface PerfStack {
  frames: PerfFrame[];
  count: number;
}

/** Samples a command as cargo-flamegraph does it: copies of the user stack, unwound after the end by perf script. */
export async function recordWithPerf(command: readonly string[]): Promise<PerfStack[]> {
  const data = join(scratchDirectory(), 'perf.data');
  const options = ['-q', '-e', 'cpu-clock', '-F', '997', '--call-graph', 'dwarf,65528', '-o', data];
  execFileSync('perf', ['record', ...options, '--', ...command], { stdio: 'pipe' });
  return readPerfScript(data);
}

/** --no-inline: perf 6.1 asks addr2line once per inlined frame, which takes minutes. */
async function readPerfScript(data: string): Promise<PerfStack[]> {
  const script = spawn('perf', ['script', '-i', data, '--no-inline', '-F', 'comm,pid,ip,sym,dso'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const stacks = new Map<string, PerfStack>();
  let frames: PerfFrame[] = [];
  for await (const line of createInterface({ input: script.stdout })) {
    const frame = /^\s+[0-9a-f]+ (.*) \((.*)\)$/.exec(line);
    if (frame !== null) frames.push({ name: frame[1]!, module: frame[2]! });
    else if (line.trim() === '') {
      addStack(stacks, frames.reverse());
      frames = [];
    }
  }
  if (frames.length > 0) addStack(stacks, frames.reverse());
  return [...stacks.values()];
}

function addStack(stacks: Map<string, PerfStack>, frames: PerfFrame[]): void {
  if (frames.length === 0) return;
  const key = frames.map((frame) => `${frame.name}@${frame.module}`).join(';');
  const stack = stacks.get(key) ?? { frames, count: 0 };
  stack.count += 1;
  stacks.set(key, stack);
}

/** Whether perf reached the outermost frame of the thread. */
export function isComplete(stack: PerfStack): boolean {
  return /^(_start|__clone3?|__GI___clone3?|clone3?|start_thread)$/.test(stack.frames[0]?.name ?? '');
}

export function asFolded(stacks: readonly PerfStack[]): FoldedStack[] {
  return stacks.map(({ frames, count }) => ({ frames: frames.map((frame) => frame.name), count }));
}
