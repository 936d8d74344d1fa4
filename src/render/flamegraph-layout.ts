import { type CallTree, computeCallTree } from '../profile/call-tree.js';
import { type Frame, frameAt, NO_STACK, ORIGINS, type Origin, type Profile } from '../profile/profile.js';

export interface FlamegraphOptions {
  /** Width that the picture is made for. */
  readonly widthPx?: number;
  /** Icicle: the root on top. */
  readonly isInverted?: boolean;
  /** Frames of this width or more are always drawn. */
  readonly minWidthPx?: number;
  /** Thinner frames are drawn too, widest first, while there are no more frames than this. */
  readonly maxFrames?: number;
}

/** Frames that are too thin to draw, with everything above them. */
export interface HiddenFrames {
  readonly frames: number;
  /** Samples of the hidden children, which their parent's total contains. */
  readonly total: number;
}

/** One box. `x` and `total` (its width) are in samples: a surface scales them by its own width. */
export interface FlamegraphNode {
  /** Function and place; the line is the one with most samples. */
  readonly frame: Frame;
  /** Row: 0 for an outermost frame. */
  readonly depth: number;
  /** Samples to the left of the box. Kept children stand first, by name; then the hidden ones; then self. */
  readonly x: number;
  readonly self: number;
  readonly total: number;
  readonly hidden: HiddenFrames;
}

export interface FlamegraphLayout {
  /** Pre-order: a node stands behind its parent and before the parent's next sibling. */
  readonly nodes: readonly FlamegraphNode[];
  readonly totalCount: number;
  /** Rows in use, those that hold only hidden frames' markers included. */
  readonly rows: number;
  /** Outermost frames that are hidden. */
  readonly hiddenAtRoot: HiddenFrames;
  readonly framesShown: number;
  readonly framesHidden: number;
  /** Samples by the origin of their innermost frame, hidden frames included. */
  readonly selfByOrigin: Readonly<Record<Origin, number>>;
  readonly widthPx: number;
  readonly isInverted: boolean;
}

/** A common window; wide enough for names, and documents show it unscaled. */
const DEFAULT_WIDTH_PX = 1200;
/** Half a pixel still colours its pixel. */
const DEFAULT_MIN_WIDTH_PX = 0.5;
/** Some 10 MB of SVG with long Rust names: about what browsers still open without a pause. */
const DEFAULT_MAX_FRAMES = 20_000;

/**
 * Geometry of a flamegraph. Frames are hidden only when there are more than `maxFrames`, and then only those
 * thinner than `minWidthPx`: a zoom makes thin frames visible, so they are worth their bytes while there are few.
 * What is hidden is counted at its parent and in `framesHidden`.
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

// A threshold on totals keeps the parents of all it keeps, and does not depend on the order of equal frames.
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
