import { type CallTree, computeCallTree } from '../profile/call-tree.js';
import {
  type Frame,
  frameAt,
  NO_STACK,
  ORIGINS,
  type Origin,
  type Profile,
  shownValueType,
  type ValueType,
} from '../profile/profile.js';

export interface FlamegraphOptions {
  /** Width of the flamegraph. */
  readonly widthPx?: number;
  /** Icicle: root on top. */
  readonly isInverted?: boolean;
  /** Frames at least this wide are always drawn. */
  readonly minWidthPx?: number;
  /** Thinner frames are also drawn, widest first, up to this total number of frames. */
  readonly maxFrames?: number;
}

/** Frames too thin to draw, with everything above them. */
export interface HiddenFrames {
  readonly frames: number;
  /** Samples of the hidden children, included in the parent's total. */
  readonly total: number;
}

/** One box. `x` and `total` (its width) are in samples; each surface scales them to its own width. */
export interface FlamegraphNode {
  /** Function and place; the line is the one with most samples. */
  readonly frame: Frame;
  /** Row: 0 for an outermost frame. */
  readonly depth: number;
  /** Samples to the left of the box. Drawn children come first, by name; then the hidden ones; then self. */
  readonly x: number;
  readonly self: number;
  readonly total: number;
  readonly hidden: HiddenFrames;
}

export interface FlamegraphLayout {
  /** Pre-order: a node follows its parent and precedes the parent's next sibling. */
  readonly nodes: readonly FlamegraphNode[];
  /** What totals count; elsewhere they are called samples. */
  readonly valueType: ValueType;
  readonly totalCount: number;
  /** Rows in use, including those with only markers of hidden frames. */
  readonly rows: number;
  /** Hidden outermost frames. */
  readonly hiddenAtRoot: HiddenFrames;
  readonly framesShown: number;
  readonly framesHidden: number;
  /** Samples by the origin of their innermost frame, hidden frames included. */
  readonly selfByOrigin: Readonly<Record<Origin, number>>;
  readonly widthPx: number;
  readonly isInverted: boolean;
}

/** A common window width: wide enough for names, and documents show it unscaled. */
const DEFAULT_WIDTH_PX = 1200;
/** Half a pixel still colours a pixel. */
const DEFAULT_MIN_WIDTH_PX = 0.5;
/** About 10 MB of SVG with long Rust names: roughly what browsers still open without a pause. */
const DEFAULT_MAX_FRAMES = 20_000;

/**
 * Geometry of a flamegraph. Frames are hidden only if there are more than `maxFrames`, and then only those thinner than
 * `minWidthPx`: zooming makes thin frames visible, so they are worth their bytes while there are few. Hidden frames are
 * counted at their parent and in `framesHidden`.
 */
export function layoutFlamegraph(profile: Profile, options: FlamegraphOptions = {}): FlamegraphLayout {
  const { widthPx = DEFAULT_WIDTH_PX, isInverted = false } = options;
  const tree = computeCallTree(profile);
  const minTotal = smallestTotalShown(tree, { widthPx, ...options });
  const hidden = countHidden(tree, minTotal);
  const nodes = placeNodes(profile, tree, hidden, minTotal);
  const hiddenAtRoot = hiddenOf(hidden, 0);
  return {
    nodes,
    valueType: shownValueType(profile),
    totalCount: profile.totalCount,
    rows: countRows(nodes, hiddenAtRoot),
    hiddenAtRoot,
    framesShown: nodes.length,
    framesHidden: tree.length - 1 - nodes.length,
    selfByOrigin: sumSelfByOrigin(profile, tree),
    widthPx,
    isInverted,
  };
}

// A threshold on totals keeps the parents of every kept frame and does not depend on the order of equal frames.
function smallestTotalShown(tree: CallTree, options: FlamegraphOptions & { widthPx: number }): number {
  const { widthPx, minWidthPx = DEFAULT_MIN_WIDTH_PX, maxFrames = DEFAULT_MAX_FRAMES } = options;
  if (tree.length - 1 <= maxFrames) return 0;
  const descending = Float64Array.from(tree.total.subarray(1)).sort().reverse();
  const firstTooMany = descending[maxFrames]!;
  return Math.min((tree.total[0]! * minWidthPx) / widthPx, firstTooMany + 1);
}

interface HiddenColumns {
  readonly frames: Int32Array;
  readonly total: Float64Array;
}

function countHidden(tree: CallTree, minTotal: number): HiddenColumns {
  const frames = new Int32Array(tree.length);
  const total = new Float64Array(tree.length);
  for (let node = 1; node < tree.length; node++) {
    if (tree.total[node]! >= minTotal) continue;
    const end = tree.subtreeEnd[node]!;
    frames[tree.parent[node]!]! += end - node;
    total[tree.parent[node]!]! += tree.total[node]!;
    node = end - 1;
  }
  return { frames, total };
}

function placeNodes(
  profile: Profile,
  tree: CallTree,
  hidden: HiddenColumns,
  minTotal: number,
): FlamegraphNode[] {
  const nodes: FlamegraphNode[] = [];
  const nextX = new Float64Array(tree.length);
  for (let node = 1; node < tree.length; node++) {
    const total = tree.total[node]!;
    if (total < minTotal) continue;
    const parent = tree.parent[node]!;
    const x = nextX[parent]!;
    nextX[parent]! += total;
    nextX[node] = x;
    nodes.push({
      frame: frameAt(profile, tree.frame[node]!),
      depth: tree.depth[node]! - 1,
      x,
      self: tree.self[node]!,
      total,
      hidden: hiddenOf(hidden, node),
    });
  }
  return nodes;
}

function countRows(nodes: readonly FlamegraphNode[], hiddenAtRoot: HiddenFrames): number {
  const rowsAbove = (hidden: HiddenFrames) => (hidden.frames > 0 ? 1 : 0);
  return nodes.reduce(
    (rows, { depth, hidden }) => Math.max(rows, depth + 1 + rowsAbove(hidden)),
    rowsAbove(hiddenAtRoot),
  );
}

function hiddenOf(hidden: HiddenColumns, node: number): HiddenFrames {
  return { frames: hidden.frames[node]!, total: hidden.total[node]! };
}

function sumSelfByOrigin(profile: Profile, tree: CallTree): Record<Origin, number> {
  const sums = Object.fromEntries(ORIGINS.map((origin) => [origin, 0])) as Record<Origin, number>;
  for (let node = 0; node < tree.length; node++) {
    const frame = tree.frame[node]!;
    if (frame !== NO_STACK) sums[ORIGINS[profile.frames.origin[frame]!]!] += tree.self[node]!;
  }
  return sums;
}
