import { compareUtf8 } from '../profile/compare-utf8.js';
import { NO_STACK, type Profile, shownValues } from '../profile/profile.js';

const ROOT = 0;

/** How a frame reads in a line. No text of a caller may begin another's. */
export interface FrameTexts {
  readonly asCaller: readonly string[];
  readonly asLeaf: readonly string[];
}

/**
 * Stacks merged by the texts of their frames: a node for each distinct line so far, parents first. All lines of a long run
 * would be hundreds of megabytes; of the tree, each is made when it is wanted.
 */
interface FoldedTree {
  readonly parent: number[];
  /** What the node adds to its parent's line; at the end of a line with the count. */
  readonly text: string[];
  /** 0 for callers. */
  readonly value: number[];
}

/** The lines `texts value`, sorted by bytes. */
export function* foldedLines(profile: Profile, texts: FrameTexts): Generator<string> {
  const tree = mergeStacks(profile, texts);
  for (const [node, value] of tree.value.entries()) if (value > 0) tree.text[node] += ` ${value}\n`;
  const { nodes, start } = sortedChildren(tree);
  const depth = new Int32Array(nodes.length + 1);
  const lineAt: string[] = [''];
  const pending = [ROOT];
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    if (node !== ROOT) depth[node] = depth[tree.parent[node]!]! + 1;
    const line = node === ROOT ? '' : lineAt[depth[node]! - 1]! + tree.text[node]!;
    if (tree.value[node]! > 0) yield line;
    else lineAt[depth[node]!] = line;
    for (let at = start[node + 1]! - 1; at >= start[node]!; at--) pending.push(nodes[at]!);
  }
}

function mergeStacks(profile: Profile, { asCaller, asLeaf }: FrameTexts): FoldedTree {
  const { stacks, samples } = profile;
  const builder = new TreeBuilder();
  const isCaller = new Uint8Array(stacks.length);
  for (const parent of stacks.parent) if (parent !== NO_STACK) isCaller[parent] = 1;
  const callers = new Int32Array(stacks.length);
  const parentNode = (stack: number) => {
    const parent = stacks.parent[stack]!;
    return parent === NO_STACK ? ROOT : callers[parent]!;
  };
  for (let stack = 0; stack < stacks.length; stack++)
    if (isCaller[stack])
      callers[stack] = builder.nodeBelow(parentNode(stack), asCaller[stacks.frame[stack]!]!);
  const values = shownValues(profile);
  for (let i = 0; i < samples.length; i++) {
    const stack = samples.stack[i]!;
    const leaf = builder.nodeBelow(parentNode(stack), asLeaf[stacks.frame[stack]!]!);
    builder.tree.value[leaf]! += values[i]!;
  }
  return builder.tree;
}

/** Limit of distinct texts, so that (parent, text) fits into one exact number. */
const MAX_TEXTS = 2 ** 23;

class TreeBuilder {
  readonly tree: FoldedTree = { parent: [-1], text: [''], value: [0] };
  readonly #textIds = new Map<string, number>();
  readonly #nodes = new Map<number, number>();

  nodeBelow(parent: number, text: string): number {
    const key = parent * MAX_TEXTS + this.#idOf(text);
    const known = this.#nodes.get(key);
    if (known !== undefined) return known;
    this.#nodes.set(key, this.tree.parent.length);
    this.tree.text.push(text);
    this.tree.value.push(0);
    return this.tree.parent.push(parent) - 1;
  }

  #idOf(text: string): number {
    const known = this.#textIds.get(text);
    if (known !== undefined) return known;
    this.#textIds.set(text, this.#textIds.size);
    return this.#textIds.size - 1;
  }
}

/** The children of node n are `nodes[start[n] .. start[n + 1]]`. */
function sortedChildren({ parent, text }: FoldedTree): { nodes: Int32Array; start: Int32Array } {
  const start = new Int32Array(parent.length + 1);
  for (let node = 1; node < parent.length; node++) start[parent[node]! + 1]!++;
  for (let node = 0; node < parent.length; node++) start[node + 1]! += start[node]!;
  const nodes = new Int32Array(parent.length - 1);
  const next = Int32Array.from(start);
  for (let node = 1; node < parent.length; node++) nodes[next[parent[node]!]!++] = node;
  for (let node = 0; node < parent.length; node++)
    if (start[node + 1]! - start[node]! > 1)
      nodes.subarray(start[node], start[node + 1]).sort((a, b) => compareUtf8(text[a]!, text[b]!));
  return { nodes, start };
}
