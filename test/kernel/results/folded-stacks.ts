/** A line of folded text: frames root first, with the contract's marks (`_[i]`, `_[k]`, `_[j]`) still on. */
export interface FoldedStack {
  frames: string[];
  count: number;
}

/** Reads folded text as the contract describes it, without the product's own reader. */
export function parseFolded(text: string): FoldedStack[] {
  return text.split('\n').filter(Boolean).map(parseLine);
}

function parseLine(line: string): FoldedStack {
  const at = line.lastIndexOf(' ');
  const count = Number(line.slice(at + 1));
  if (at <= 0 || !Number.isSafeInteger(count) || count <= 0) throw new Error(`bad folded line: ${line}`);
  return { frames: line.slice(0, at).split(';'), count };
}

export function totalCount(stacks: readonly FoldedStack[]): number {
  return stacks.reduce((sum, stack) => sum + stack.count, 0);
}

/** Without inlined frames: the functions that exist in the machine code, as perf sees them. */
export function physicalFrames(stack: FoldedStack): string[] {
  return stack.frames.filter((frame) => !frame.endsWith('_[i]'));
}
