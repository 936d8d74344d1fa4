/** Where a frame's code comes from, according to cargo metadata and debug info, not to name prefixes alone. */
export type Origin = 'workspace' | 'dependency' | 'std' | 'kernel' | 'native' | 'unknown';
export type FrameKind = 'user' | 'kernel' | 'jit';

/** Index order of the `origin` and `kind` columns, and the order in which legends list them. */
export const ORIGINS: readonly Origin[] = ['workspace', 'dependency', 'std', 'kernel', 'native', 'unknown'];
export const FRAME_KINDS: readonly FrameKind[] = ['user', 'kernel', 'jit'];

export const UNKNOWN_FRAME_NAME = '[unknown]';

/** The parent of an outermost frame; as a sample's stack, a sample without frames. */
export const NO_STACK = -1;

export type FrameIndex = number;
export type StackIndex = number;

/** One resolved frame. Unknown text is '', an unknown line or column 0. */
export interface Frame {
  /** Demangled function name. */
  readonly name: string;
  /** Source file as in debug info. */
  readonly file: string;
  /** Line being executed (leaf) or of the call (callers), 1-based. */
  readonly line: number;
  /** 1-based. */
  readonly column: number;
  readonly crate: string;
  /** Version of the crate's package; '' if unknown, as for std. */
  readonly crateVersion: string;
  readonly origin: Origin;
  readonly kind: FrameKind;
  /** Inlined into its parent frame: it has no return address. */
  readonly isInlined: boolean;
  /** ELF file or kernel module. */
  readonly module: string;
}

export interface Sample {
  /** Innermost frame of the stack, or NO_STACK. */
  readonly stack: StackIndex;
  /** Number of samples with this stack: a positive integer. */
  readonly count: number;
  readonly pid: number;
  readonly tid: number;
  readonly comm: string;
}

export type IntegerColumn = Readonly<Int32Array>;
export type CountColumn = Readonly<Float64Array>;

/** One row per distinct frame; text columns hold indexes into `strings`. */
export interface FrameTable {
  readonly length: number;
  readonly name: IntegerColumn;
  readonly file: IntegerColumn;
  readonly line: IntegerColumn;
  readonly column: IntegerColumn;
  readonly crate: IntegerColumn;
  readonly crateVersion: IntegerColumn;
  readonly module: IntegerColumn;
  /** Index into ORIGINS. */
  readonly origin: IntegerColumn;
  /** Index into FRAME_KINDS. */
  readonly kind: IntegerColumn;
  /** 0 or 1. */
  readonly isInlined: IntegerColumn;
}

/**
 * Stacks as a prefix tree: row i is the stack `parent[i]` extended by the callee `frame[i]`. Stacks of one program share
 * most of their outer frames: as lists, a thousand stacks of a thousand frames are a million integers, and every query
 * walks them all; as a tree they are one row per distinct prefix. A parent always has the smaller index, so a forward pass
 * visits callers first and a backward pass visits callees first: no walk needs recursion, however deep the stacks are.
 */
export interface StackTable {
  readonly length: number;
  /** NO_STACK for an outermost frame. */
  readonly parent: IntegerColumn;
  readonly frame: IntegerColumn;
}

/** One row per distinct (stack, pid, tid, comm). */
export interface SampleTable {
  readonly length: number;
  readonly stack: IntegerColumn;
  /** Float64: counts of long runs exceed 32 bits. Always integers. */
  readonly count: CountColumn;
  readonly pid: IntegerColumn;
  readonly tid: IntegerColumn;
  /** Index into `strings`. */
  readonly comm: IntegerColumn;
}

/** Symbolized samples as tables of integers; created only by ProfileBuilder, immutable afterwards. */
export interface Profile {
  /** Distinct strings; index 0 is ''. */
  readonly strings: readonly string[];
  readonly frames: FrameTable;
  readonly stacks: StackTable;
  readonly samples: SampleTable;
  /** Σ of `samples.count`. */
  readonly totalCount: number;
}

/** Row `index` of the frame table with its strings. Throws RangeError if there is no such row. */
export function frameAt(profile: Profile, index: FrameIndex): Frame {
  const { frames, strings } = profile;
  if (!(index >= 0 && index < frames.length)) throw new RangeError(`no frame ${index}`);
  return {
    name: strings[frames.name[index]!]!,
    file: strings[frames.file[index]!]!,
    line: frames.line[index]!,
    column: frames.column[index]!,
    crate: strings[frames.crate[index]!]!,
    crateVersion: strings[frames.crateVersion[index]!]!,
    origin: ORIGINS[frames.origin[index]!]!,
    kind: FRAME_KINDS[frames.kind[index]!]!,
    isInlined: frames.isInlined[index] === 1,
    module: strings[frames.module[index]!]!,
  };
}

/** Row `index` of the sample table with its strings. Throws RangeError if there is no such row. */
export function sampleAt(profile: Profile, index: number): Sample {
  const { samples, strings } = profile;
  if (!(index >= 0 && index < samples.length)) throw new RangeError(`no sample ${index}`);
  return {
    stack: samples.stack[index]!,
    count: samples.count[index]!,
    pid: samples.pid[index]!,
    tid: samples.tid[index]!,
    comm: strings[samples.comm[index]!]!,
  };
}

/** Frames of a stack, root first. Linear in its depth. */
export function framesOfStack(profile: Profile, stack: StackIndex): FrameIndex[] {
  const frames: FrameIndex[] = [];
  for (let at = stack; at !== NO_STACK; at = profile.stacks.parent[at]!)
    frames.push(profile.stacks.frame[at]!);
  return frames.reverse();
}

/** Limit of frame indexes, so that (parent stack, frame) fits into one exact number as an interning key. */
const MAX_FRAMES = 2 ** 22;

type FrameColumns = Record<Exclude<keyof FrameTable, 'length'>, number[]>;
type SampleColumns = Record<Exclude<keyof SampleTable, 'length'>, number[]>;

/** Collects frames, stacks and samples in any order and interns them; `finish` freezes the result. */
export class ProfileBuilder {
  readonly #strings = new Map<string, number>([['', 0]]);
  readonly #frameIndexes = new Map<string, FrameIndex>();
  readonly #stackIndexes = new Map<number, StackIndex>();
  readonly #sampleIndexes = new Map<string, number>();
  readonly #frames: FrameColumns = {
    name: [],
    file: [],
    line: [],
    column: [],
    crate: [],
    crateVersion: [],
    module: [],
    origin: [],
    kind: [],
    isInlined: [],
  };
  readonly #stacks = { parent: [] as number[], frame: [] as number[] };
  readonly #samples: SampleColumns = { stack: [], count: [], pid: [], tid: [], comm: [] };
  #totalCount = 0;
  #isFinished = false;

  /** Returns the index of an equal frame if there is one. An empty name becomes `[unknown]`. */
  addFrame(frame: Frame): FrameIndex {
    this.#requireUnfinished();
    const row = this.#frameRow(frame);
    const key = Object.values(row).join();
    const known = this.#frameIndexes.get(key);
    if (known !== undefined) return known;
    const index = this.#frameIndexes.size;
    if (index >= MAX_FRAMES) throw new RangeError(`more than ${MAX_FRAMES} distinct frames`);
    this.#frameIndexes.set(key, index);
    for (const column of Object.keys(row) as (keyof FrameColumns)[]) this.#frames[column].push(row[column]);
    return index;
  }

  /** The stack `parent` (NO_STACK for none) extended by the callee `frame`. Throws RangeError for unknown indexes. */
  addStack(parent: StackIndex, frame: FrameIndex): StackIndex {
    this.#requireUnfinished();
    requireIndex(parent, NO_STACK, this.#stacks.parent.length, 'stack');
    requireIndex(frame, 0, this.#frameIndexes.size, 'frame');
    const key = (parent + 1) * MAX_FRAMES + frame;
    const known = this.#stackIndexes.get(key);
    if (known !== undefined) return known;
    this.#stackIndexes.set(key, this.#stacks.parent.length);
    this.#stacks.frame.push(frame);
    return this.#stacks.parent.push(parent) - 1;
  }

  /**
   * Adds to an equal (stack, pid, tid, comm) if there is one. A sample without frames gets the single frame `[unknown]`, so
   * that totals agree in every output. Throws RangeError for an unknown stack or a bad count.
   */
  addSample(sample: Sample): void {
    this.#requireUnfinished();
    requireIndex(sample.stack, NO_STACK, this.#stacks.parent.length, 'stack');
    if (!Number.isSafeInteger(sample.count) || sample.count <= 0)
      throw new RangeError(`bad sample count ${sample.count}`);
    const stack = sample.stack === NO_STACK ? this.#unknownStack() : sample.stack;
    this.#totalCount += sample.count;
    const key = `${stack},${sample.pid},${sample.tid},${sample.comm}`;
    const known = this.#sampleIndexes.get(key);
    if (known !== undefined) this.#samples.count[known]! += sample.count;
    else this.#sampleIndexes.set(key, this.#pushSample({ ...sample, stack }));
  }

  /** Returns the frozen profile; the builder cannot be used afterwards. */
  finish(): Profile {
    this.#requireUnfinished();
    this.#isFinished = true;
    return Object.freeze({
      strings: Object.freeze([...this.#strings.keys()]),
      frames: freezeTable(this.#frames, this.#frameIndexes.size),
      stacks: freezeTable(this.#stacks, this.#stacks.parent.length),
      samples: Object.freeze({
        ...freezeTable(this.#samples, this.#samples.stack.length),
        count: Float64Array.from(this.#samples.count),
      }),
      totalCount: this.#totalCount,
    });
  }

  #frameRow(frame: Frame): Record<keyof FrameColumns, number> {
    return {
      name: this.#intern(frame.name === '' ? UNKNOWN_FRAME_NAME : frame.name),
      file: this.#intern(frame.file),
      line: frame.line,
      column: frame.column,
      crate: this.#intern(frame.crate),
      crateVersion: this.#intern(frame.crateVersion),
      module: this.#intern(frame.module),
      origin: ORIGINS.indexOf(frame.origin),
      kind: FRAME_KINDS.indexOf(frame.kind),
      isInlined: frame.isInlined ? 1 : 0,
    };
  }

  #pushSample(sample: Sample): number {
    this.#samples.count.push(sample.count);
    this.#samples.pid.push(sample.pid);
    this.#samples.tid.push(sample.tid);
    this.#samples.comm.push(this.#intern(sample.comm));
    return this.#samples.stack.push(sample.stack) - 1;
  }

  #unknownStack(): StackIndex {
    return this.addStack(NO_STACK, this.addFrame(UNKNOWN_FRAME));
  }

  #intern(text: string): number {
    const known = this.#strings.get(text);
    if (known !== undefined) return known;
    this.#strings.set(text, this.#strings.size);
    return this.#strings.size - 1;
  }

  #requireUnfinished(): void {
    if (this.#isFinished) throw new Error('the profile is finished');
  }
}

/** Represents code about which nothing is known. */
export const UNKNOWN_FRAME: Frame = Object.freeze({
  name: UNKNOWN_FRAME_NAME,
  file: '',
  line: 0,
  column: 0,
  crate: '',
  crateVersion: '',
  origin: 'unknown',
  kind: 'user',
  isInlined: false,
  module: '',
});

function requireIndex(index: number, lowest: number, length: number, what: string): void {
  if (!Number.isInteger(index) || index < lowest || index >= length)
    throw new RangeError(`no ${what} ${index}`);
}

// Typed arrays cannot be frozen; their column types are read-only instead.
function freezeTable<Name extends string>(columns: Record<Name, number[]>, length: number) {
  const table = Object.fromEntries(
    Object.entries<number[]>(columns).map(([name, column]) => [name, Int32Array.from(column)]),
  );
  return Object.freeze({ ...(table as Record<Name, Int32Array>), length });
}
