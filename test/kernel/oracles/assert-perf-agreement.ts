import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { basename } from 'node:path';
import { type FoldedStack, physicalFrames } from '../results/folded-stacks.js';
import { normalName } from '../results/frame-name.js';
import { selfShares } from '../results/self-shares.js';
import { undisturbed } from '../results/undisturbed.js';
import { profileWith } from '../running/run-bee.js';
import { isInInterrupt } from './interrupt-samples.js';
import { asFolded, isComplete, type PerfStack, recordWithPerf } from './perf-oracle.js';

/**
 * Self shares and call chains of a program, ours against `perf record --call-graph dwarf`. By physical functions: perf
 * gets no inlined frames here, and ours are left out.
 */
export async function assertPerfAgrees(command: readonly string[]): Promise<void> {
  const { ours, perf, disagreement } = await undisturbed(
    () => runUnderBoth(command),
    (runs) => runs.disagreement !== undefined,
  );
  assert.equal(disagreement, undefined);
  assertChainsFound(ours.stacks, perf.filter(isComplete), command[0]!);
}

/** Two runs, one after the other: what the machine does besides may fall on one of them alone. */
async function runUnderBoth(command: readonly string[]) {
  const ours = await profileWith({ command: 'profile-bee', args: ['-F', '997', '--', ...command] });
  const perf = await recordWithPerf(command);
  return { ours, perf, disagreement: disagreementOfShares(ours.stacks, perf) };
}

/**
 * Left out on both sides: interrupts, which come and go with what else the machine does (12 % in one run, 0.1 % in
 * the next), and the end of context switches, where perf's timer restarts because its events follow the task
 * (measured 6 % for four threads on two CPUs, 1 % under per-CPU events).
 */
function ofTheProgram(stacks: readonly FoldedStack[]): FoldedStack[] {
  return stacks.filter(
    (stack) => !isInInterrupt(stack) && !stack.frames.at(-1)?.startsWith('finish_task_switch'),
  );
}

/** The first of the top ten of either side whose self shares lie more than 3 points apart. */
function disagreementOfShares(ours: readonly FoldedStack[], perf: readonly PerfStack[]): string | undefined {
  const ourShares = selfShares(ofTheProgram(ours));
  const perfShares = selfShares(ofTheProgram(asFolded(perf)));
  const namesOf = (shares: Map<string, number>) => [...shares.keys()].slice(0, 10);
  for (const name of new Set([...namesOf(ourShares), ...namesOf(perfShares)])) {
    const our = ourShares.get(name) ?? 0;
    const theirs = perfShares.get(name) ?? 0;
    if (Math.abs(our - theirs) > 3) return `${name}: ${our.toFixed(2)} %, perf ${theirs.toFixed(2)} %`;
  }
  return undefined;
}

/**
 * Only frames of the program itself are compared: for libc's private functions perf names the nearest exported
 * symbol, and the kernel's part of a stack belongs to the moment, not to the program.
 */
function assertChainsFound(ours: readonly FoldedStack[], perf: readonly PerfStack[], program: string): void {
  const aliases = aliasesIn(program);
  const nameOf = (frame: string) => aliases.get(normalName(frame)) ?? normalName(frame);
  const ofProgram = (stack: PerfStack) =>
    stack.frames
      .filter(({ module }) => basename(module) === basename(program))
      .map(({ name }) => nameOf(name));
  const ourChains = [...new Set(ours.map((stack) => physicalFrames(stack).map(nameOf).join('\n')))];
  const chains = ourChains.map((chain) => chain.split('\n'));
  const total = perf.reduce((sum, stack) => sum + stack.count, 0);
  assert.ok(total >= 1_000, `perf has ${total} complete stacks`);
  const missing = perf.filter((stack) => !chains.some((chain) => isSubsequence(ofProgram(stack), chain)));
  const lost = missing.toSorted((a, b) => b.count - a.count);
  const found = 100 * (1 - lost.reduce((sum, stack) => sum + stack.count, 0) / total);
  const example = lost[0] === undefined ? '' : ofProgram(lost[0]).join(' > ');
  assert.ok(found >= 95, `${found.toFixed(2)} % of perf's complete weight found; missing: ${example}`);
}

/** Functions of the same code are one to the compiler, and each profiler takes another name of it: name -> the first. */
function aliasesIn(program: string): Map<string, string> {
  const symbols = execFileSync('nm', ['-C', program], { encoding: 'utf8', maxBuffer: 64 << 20 });
  const firstAt = new Map<string, string>();
  const aliases = new Map<string, string>();
  for (const [, address = '', symbol = ''] of symbols.matchAll(/^([0-9a-f]+) [tTwW] (.*)$/gm)) {
    const name = normalName(symbol);
    const first = firstAt.get(address) ?? name;
    firstAt.set(address, first);
    if (first !== name) aliases.set(name, first);
  }
  return aliases;
}

function isSubsequence(wanted: readonly string[], frames: readonly string[]): boolean {
  let next = 0;
  for (const frame of frames) if (frame === wanted[next]) next += 1;
  return next === wanted.length;
}
