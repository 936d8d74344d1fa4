import { compareUtf8 } from './compare-utf8.js';
import {
  type FrameIndex,
  type IntegerColumn,
  NO_STACK,
  type Profile,
  shownValues,
  type ValueColumn,
} from './profile.js';

/** The root of every call tree: not a function, contains all samples. */
export const CALL_TREE_ROOT = 0;

/**
 * Stacks merged by function: one node per distinct chain of functions, regardless of lines. Nodes are in pre-order,
 * siblings sorted by name bytes: parents before children, a subtree is the range `[node, subtreeEnd)`. The same profile
 * gives the same tree, in whatever order its samples were added.
 */
export interface CallTree {
  readonly length: number;
  /** NO_STACK (-1) for the root. */
  readonly parent: IntegerColumn;
  /** 0 for the root, 1 for outermost frames. */
  readonly depth: IntegerColumn;
  /** The merged frame with the most samples (it provides the line); -1 for the root. */
  readonly frame: IntegerColumn;
  /** Samples with this node as leaf. */
  readonly self: ValueColumn;
  /** Samples whose stack contains this node. */
  readonly total: ValueColumn;
  readonly subtreeEnd: IntegerColumn;
}

/** Linear in stacks and frames, without recursion: depth is bounded by memory only. */
export function computeCallTree(profile: Profile): CallTree {
  const functions = computeFunctions(profile);
  const merged = mergeStacks(profile, functions.ofFrame);
  return inPreOrder(merged, computeChildOrder(merged, functions.rank), representativeFrames(profile, merged));
}

interface Functions {
  /** Function id of each frame. */
  readonly ofFrame: Int32Array;
  /** Rank of each function by name bytes. */
  readonly rank: Int32Array;
}

// A function is what folded output distinguishes, plus the origin of its code; file, line and module are not part of it:
// one function called from two lines is one box.
function computeFunctions({ frames, strings }: Profile): Functions {
  const ids = new Map<string, number>();
  const firstFrame: FrameIndex[] = [];
  const ofFrame = new Int32Array(frames.length);
  const { name, kind, isInlined, origin, crate, crateVersion } = frames;
  const keyColumns = [name, kind, isInlined, origin, crate, crateVersion];
  for (let frame = 0; frame < frames.length; frame++) {
    const key = keyColumns.map((column) => column[frame]).join();
    let id = ids.get(key);
    if (id === undefined) {
      id = ids.size;
      ids.set(key, id);
      firstFrame.push(frame);
    }
    ofFrame[frame] = id;
  }
  const text = (column: IntegerColumn, id: number) => strings[column[firstFrame[id]!]!]!;
  const number = (column: IntegerColumn, id: number) => column[firstFrame[id]!]!;
  const order = Array.from(firstFrame.keys()).sort(
    (a, b) =>
      compareUtf8(text(name, a), text(name, b)) ||
      number(kind, a) - number(kind, b) ||
      number(isInlined, a) - number(isInlined, b) ||
      number(origin, a) - number(origin, b) ||
      compareUtf8(text(crate, a), text(crate, b)) ||
      compareUtf8(text(crateVersion, a), text(crateVersion, b)),
  );
  const rank = new Int32Array(order.length);
  for (const [place, id] of order.entries()) rank[id] = place;
  return { ofFrame, rank };
}

interface MergedStacks {
  readonly parent: number[];
  readonly functionId: number[];
  readonly self: Float64Array;
  readonly total: Float64Array;
  /** Node of each stack. */
  readonly ofStack: Int32Array;
}

function mergeStacks(profile: Profile, functionOfFrame: Int32Array): MergedStacks {
  const { stacks, samples } = profile;
  const parent = [NO_STACK];
  const functionId = [-1];
  const ofStack = new Int32Array(stacks.length);
  const nodes = new Map<number, number>();
  for (let stack = 0; stack < stacks.length; stack++) {
    const parentStack = stacks.parent[stack]!;
    const parentNode = parentStack === NO_STACK ? CALL_TREE_ROOT : ofStack[parentStack]!;
    const id = functionOfFrame[stacks.frame[stack]!]!;
    const key = parentNode * functionOfFrame.length + id;
    let node = nodes.get(key);
    if (node === undefined) {
      node = parent.push(parentNode) - 1;
      functionId.push(id);
      nodes.set(key, node);
    }
    ofStack[stack] = node;
  }
  const self = new Float64Array(parent.length);
  const values = shownValues(profile);
  for (let i = 0; i < samples.length; i++) self[ofStack[samples.stack[i]!]!]! += values[i]!;
  return { parent, functionId, self, total: sumOverSubtrees(parent, self), ofStack };
}

function sumOverSubtrees(parent: ArrayLike<number>, self: Float64Array): Float64Array {
  const total = Float64Array.from(self);
  for (let i = total.length - 1; i >= 0; i--) if (parent[i]! >= 0) total[parent[i]!]! += total[i]!;
  return total;
}

// Frames merged into one node differ in their line; the one with the most samples represents the node.
function representativeFrames(profile: Profile, merged: MergedStacks): Int32Array {
  const { stacks, frames } = profile;
  const weights = new Map<number, number>();
  const stackTotal = computeStackTotals(profile);
  for (let stack = 0; stack < stacks.length; stack++) {
    const key = merged.ofStack[stack]! * frames.length + stacks.frame[stack]!;
    weights.set(key, (weights.get(key) ?? 0) + stackTotal[stack]!);
  }
  const best = new Int32Array(merged.parent.length).fill(-1);
  const bestWeight = new Float64Array(best.length);
  for (const [key, weight] of weights) {
    const node = Math.floor(key / frames.length);
    const frame = key % frames.length;
    const lead = weight - bestWeight[node]!;
    if (best[node] !== -1 && (lead < 0 || (lead === 0 && comparePlaces(profile, frame, best[node]!) >= 0)))
      continue;
    best[node] = frame;
    bestWeight[node] = weight;
  }
  return best;
}

function computeStackTotals(profile: Profile): Float64Array {
  const { stacks, samples } = profile;
  const values = shownValues(profile);
  const self = new Float64Array(stacks.length);
  for (let i = 0; i < samples.length; i++) self[samples.stack[i]!]! += values[i]!;
  return sumOverSubtrees(stacks.parent, self);
}

// Breaks ties; not by index, which depends on the order of adding.
function comparePlaces({ frames, strings }: Profile, a: FrameIndex, b: FrameIndex): number {
  return (
    compareUtf8(strings[frames.file[a]!]!, strings[frames.file[b]!]!) ||
    frames.line[a]! - frames.line[b]! ||
    frames.column[a]! - frames.column[b]! ||
    compareUtf8(strings[frames.module[a]!]!, strings[frames.module[b]!]!)
  );
}

/** Nodes sorted by (parent, rank of the function): the children of node n are `nodes[start[n] .. start[n + 1]]`. */
interface ChildOrder {
  readonly nodes: Int32Array;
  readonly start: Int32Array;
}

function computeChildOrder(merged: MergedStacks, rank: Int32Array): ChildOrder {
  const count = merged.parent.length;
  const start = new Int32Array(count + 1);
  for (let node = 1; node < count; node++) start[merged.parent[node]! + 1]!++;
  for (let node = 0; node < count; node++) start[node + 1]! += start[node]!;
  const nodes = new Int32Array(count - 1);
  const next = Int32Array.from(start);
  for (let node = 1; node < count; node++) nodes[next[merged.parent[node]!]!++] = node;
  const byRank = (a: number, b: number) => rank[merged.functionId[a]!]! - rank[merged.functionId[b]!]!;
  for (let node = 0; node < count; node++) nodes.subarray(start[node], start[node + 1]).sort(byRank);
  return { nodes, start };
}

function inPreOrder(merged: MergedStacks, order: ChildOrder, frameOfNode: Int32Array): CallTree {
  const length = merged.parent.length;
  const placeOf = new Int32Array(length);
  const parent = new Int32Array(length);
  const depth = new Int32Array(length);
  const frame = new Int32Array(length);
  const self = new Float64Array(length);
  const total = new Float64Array(length);
  const pending = [CALL_TREE_ROOT];
  for (let place = 0; place < length; place++) {
    const node = pending.pop()!;
    placeOf[node] = place;
    parent[place] = node === CALL_TREE_ROOT ? NO_STACK : placeOf[merged.parent[node]!]!;
    depth[place] = node === CALL_TREE_ROOT ? 0 : depth[parent[place]!]! + 1;
    frame[place] = frameOfNode[node]!;
    self[place] = merged.self[node]!;
    total[place] = merged.total[node]!;
    for (let i = order.start[node + 1]! - 1; i >= order.start[node]!; i--) pending.push(order.nodes[i]!);
  }
  return Object.freeze({ length, parent, depth, frame, self, total, subtreeEnd: computeSubtreeEnds(parent) });
}

function computeSubtreeEnds(parent: Int32Array): Int32Array {
  const end = Int32Array.from(parent.keys(), (node) => node + 1);
  for (let node = parent.length - 1; node > 0; node--)
    end[parent[node]!] = Math.max(end[parent[node]!]!, end[node]!);
  return end;
}
