import assert from 'node:assert/strict';
import { type FoldedStack, physicalFrames } from './folded-stacks.js';
import { isNamed, normalName } from './frame-name.js';

/** Self samples per physical function: an inlined leaf counts for the function that it was inlined into. */
export function selfCounts(stacks: readonly FoldedStack[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const stack of stacks) {
    const leaf = normalName(physicalFrames(stack).at(-1) ?? '[none]');
    counts.set(leaf, (counts.get(leaf) ?? 0) + stack.count);
  }
  return counts;
}

/** Percent of self samples per function, heaviest first. */
export function selfShares(stacks: readonly FoldedStack[]): Map<string, number> {
  const counts = [...selfCounts(stacks)].sort((a, b) => b[1] - a[1]);
  const total = counts.reduce((sum, [, count]) => sum + count, 0);
  return new Map(counts.map(([name, count]) => [name, (100 * count) / total]));
}

/** Shares among the named functions only: `wanted` maps each to its percent, all together 100. */
export function assertSelfShares(
  stacks: readonly FoldedStack[],
  wanted: Readonly<Record<string, number>>,
  withinPoints: number,
): void {
  const counts = Object.keys(wanted).map((name) => countOf(stacks, name));
  const total = counts.reduce((sum, count) => sum + count, 0);
  for (const [index, [name, percent]] of Object.entries(wanted).entries()) {
    const share = (100 * counts[index]!) / Math.max(1, total);
    const message = `${name}: ${share.toFixed(2)} % of self samples, not ${percent} %`;
    assert.ok(Math.abs(share - percent) <= withinPoints, message);
  }
}

function countOf(stacks: readonly FoldedStack[], name: string): number {
  return [...selfCounts(stacks)].reduce((sum, [leaf, count]) => (isNamed(leaf, name) ? sum + count : sum), 0);
}
