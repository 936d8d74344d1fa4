import { compareUtf8 } from './compare-utf8.js';
import { type Frame, frameAt, NO_STACK, type Profile, shownValues } from './profile.js';

/** A function with its share of a profile, in samples. */
export interface FunctionRow extends Pick<Frame, 'name' | 'module' | 'file' | 'crate' | 'origin'> {
  /** Samples in its own code; what is inlined into it is another function. */
  self: number;
  /** Samples that have it anywhere in their stack, each once however often it recurs. */
  total: number;
}

/** Every function of a profile: those with most samples of their own first, then by total and name. */
export function functionsOf(profile: Profile): FunctionRow[] {
  const functions = distinctFunctions(profile);
  const self = new Float64Array(functions.rows.length);
  const total = new Float64Array(functions.rows.length);
  const counts = countsOfStacks(profile);
  forEachPath(
    profile,
    (stack, isOutermost) => {
      const row = functions.ofFrame[profile.stacks.frame[stack]!]!;
      self[row]! += counts.own[stack]!;
      if (isOutermost) total[row]! += counts.below[stack]!;
    },
    functions.ofFrame,
  );
  const rows = functions.rows.map((row, index) => ({ ...row, self: self[index]!, total: total[index]! }));
  return rows.sort(
    (one, other) => other.self - one.self || other.total - one.total || compareUtf8(one.name, other.name),
  );
}

/** Without lines: a function called from two lines is one row. */
function distinctFunctions(profile: Profile): {
  rows: Omit<FunctionRow, 'self' | 'total'>[];
  ofFrame: Int32Array;
} {
  const rows: Omit<FunctionRow, 'self' | 'total'>[] = [];
  const indexes = new Map<string, number>();
  const { frames } = profile;
  const ofFrame = new Int32Array(frames.length);
  for (let frame = 0; frame < frames.length; frame++) {
    const key = [frames.name, frames.module, frames.file, frames.crate].map((column) => column[frame]).join();
    let index = indexes.get(key);
    if (index === undefined) {
      const { name, module, file, crate, origin } = frameAt(profile, frame);
      index = rows.push({ name, module, file, crate, origin }) - 1;
      indexes.set(key, index);
    }
    ofFrame[frame] = index;
  }
  return { rows, ofFrame };
}

/** `own`: samples that end in a stack; `below`: those in it and in everything that it calls. */
function countsOfStacks(profile: Profile): { own: Float64Array; below: Float64Array } {
  const { stacks, samples } = profile;
  const counts = shownValues(profile);
  const own = new Float64Array(stacks.length);
  for (let index = 0; index < samples.length; index++) own[samples.stack[index]!]! += counts[index]!;
  const below = own.slice();
  for (let stack = stacks.length - 1; stack >= 0; stack--) {
    const parent = stacks.parent[stack]!;
    if (parent !== NO_STACK) below[parent]! += below[stack]!;
  }
  return { own, below };
}

/**
 * Visits every stack after its callers; `isOutermost`: its function is not among them. Without recursion, so that depth is
 * bounded by memory only.
 */
function forEachPath(
  { stacks }: Profile,
  visit: (stack: number, isOutermost: boolean) => void,
  functionOf: Int32Array,
): void {
  const active = new Int32Array(functionOf.length);
  const { children, roots } = childrenOf(stacks);
  const open = roots.map((stack) => ({ stack, next: -1 }));
  while (open.length > 0) {
    const top = open.at(-1)!;
    const row = functionOf[stacks.frame[top.stack]!]!;
    if (top.next < 0) {
      visit(top.stack, active[row] === 0);
      active[row]!++;
      top.next = 0;
    }
    const child = children[top.stack]?.[top.next++];
    if (child !== undefined) open.push({ stack: child, next: -1 });
    else {
      open.pop();
      active[row]!--;
    }
  }
}

function childrenOf({ length, parent }: Profile['stacks']): { children: number[][]; roots: number[] } {
  const children = Array.from({ length }, (): number[] => []);
  const roots: number[] = [];
  for (let stack = 0; stack < length; stack++) {
    const caller = parent[stack]!;
    if (caller === NO_STACK) roots.push(stack);
    else children[caller]!.push(stack);
  }
  return { children, roots };
}
