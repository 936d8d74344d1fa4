import assert from 'node:assert/strict';
import { type FoldedStack, totalCount } from './folded-stacks.js';
import { isNamed } from './frame-name.js';

/** Whether `names` occur in `frames` in this order; other frames may stand between them. */
export function hasChain(frames: readonly string[], names: readonly string[]): boolean {
  let next = 0;
  for (const frame of frames) if (next < names.length && isNamed(frame, names[next]!)) next += 1;
  return next === names.length;
}

/** Samples, in percent of all, whose stack holds the chain (root first). */
export function chainPercent(stacks: readonly FoldedStack[], names: readonly string[]): number {
  const found = stacks.filter((stack) => hasChain(stack.frames, names));
  return (100 * totalCount(found)) / Math.max(1, totalCount(stacks));
}

export function assertChain(
  stacks: readonly FoldedStack[],
  names: readonly string[],
  atLeastPercent: number,
): void {
  const percent = chainPercent(stacks, names);
  const example = stacks
    .toSorted((a, b) => b.count - a.count)[0]
    ?.frames.join(';')
    .slice(0, 2_000);
  const message = `chain ${names.join(' > ')} in ${percent.toFixed(1)} % of samples; heaviest stack: ${example}`;
  assert.ok(percent >= atLeastPercent, message);
}
