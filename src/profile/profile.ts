/** Where a frame's code comes from, according to cargo metadata and debug info, not to name prefixes alone. */
export type Origin = 'workspace' | 'dependency' | 'std' | 'kernel' | 'native' | 'unknown';
export type FrameKind = 'user' | 'kernel' | 'jit';

/** Index order of the `origin` and `kind` columns, and the order in which legends list them. */
export const ORIGINS: readonly Origin[] = ['workspace', 'dependency', 'std', 'kernel', 'native', 'unknown'];
export const FRAME_KINDS: readonly FrameKind[] = ['user', 'kernel', 'jit'];

export const UNKNOWN_FRAME_NAME = '[unknown]';

/** The parent of an outermost frame; as a sample's stack, a sample without frames. */
export const NO_STACK = -1;

/** In the columns `timeNs` and `cpu`. */
export const NOT_KNOWN = -1;

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

/** What the numbers of samples are, as in pprof: `samples` in `count`, `cpu` in `nanoseconds`. */
export interface ValueType {
  readonly name: string;
  readonly unit: string;
}

export const SAMPLE_COUNT: ValueType = Object.freeze({ name: 'samples', unit: 'count' });

export interface Sample {
  /** Innermost frame of the stack, or NO_STACK. */
  readonly stack: StackIndex;
  /** One number for each of `Profile.values`. Integers; the first is positive, the others are not negative. */
  readonly values: readonly number[];
  readonly pid: number;
  readonly tid: number;
  readonly comm: string;
  /** Index into `Profile.events`; the first if absent. */
  readonly event?: number;
  /** Since the run began. Absent: the sample stands for several of different times. */
  readonly timeNs?: number;
  /** Absent as for `timeNs`. */
  readonly cpu?: number;
}

export type IntegerColumn = Readonly<Int32Array>;
/** Float64: the values of long runs exceed 32 bits. Always integers. */
export type ValueColumn = Readonly<Float64Array>;

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

/** One row per distinct (stack, pid, tid, comm, event, timeNs, cpu). */
export interface SampleTable {
  readonly length: number;
  readonly stack: IntegerColumn;
  /** A column for each of `Profile.values`. */
  readonly values: readonly ValueColumn[];
  readonly pid: IntegerColumn;
  readonly tid: IntegerColumn;
  /** Index into `strings`. */
  readonly comm: IntegerColumn;
  /** Index into `Profile.events`. */
  readonly event: IntegerColumn;
  /** NOT_KNOWN where it is; undefined if no sample has one. */
  readonly timeNs?: ValueColumn;
  /** As `timeNs`. */
  readonly cpu?: IntegerColumn;
}

/** Symbolized samples as tables of integers; created only by ProfileBuilder, immutable afterwards. */
export interface Profile {
  /** Distinct strings; index 0 is ''. */
  readonly strings: readonly string[];
  readonly frames: FrameTable;
  readonly stacks: StackTable;
  readonly samples: SampleTable;
  /** What `samples.values` are; outputs that show one number show the first. Never empty. */
  readonly values: readonly ValueType[];
  /** The events that samples belong to, as `--event` spells them; `['']` if that is not known. */
  readonly events: readonly string[];
  /** Σ of `shownValues`. */
  readonly totalCount: number;
}

/** The values that outputs with one number show. */
export function shownValues(profile: Profile): ValueColumn {
  return profile.samples.values[0]!;
}

/** What they are. */
export function shownValueType({ values }: Profile): ValueType {
  return values[0]!;
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
  const timeNs = samples.timeNs?.[index] ?? NOT_KNOWN;
  const cpu = samples.cpu?.[index] ?? NOT_KNOWN;
  return {
    stack: samples.stack[index]!,
    values: samples.values.map((column) => column[index]!),
    pid: samples.pid[index]!,
    tid: samples.tid[index]!,
    comm: strings[samples.comm[index]!]!,
    event: samples.event[index]!,
    ...(timeNs === NOT_KNOWN ? {} : { timeNs }),
    ...(cpu === NOT_KNOWN ? {} : { cpu }),
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
type SampleColumns = Record<Exclude<keyof SampleTable, 'length' | 'values'>, number[]>;

/** What a profile is of. */
export interface ProfileFacts {
  readonly values?: readonly ValueType[];
  readonly events?: readonly string[];
}

/**
 * Collects frames, stacks and samples in any order and interns them; `snapshot` freezes what there is, `finish` the
 * result.
 */
export class ProfileBuilder {
  readonly #valueTypes: readonly ValueType[];
  readonly #events: readonly string[];
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
  readonly #samples: SampleColumns = {
    stack: [],
    pid: [],
    tid: [],
    comm: [],
    event: [],
    timeNs: [],
    cpu: [],
  };
  readonly #values: number[][];
  #totalCount = 0;
  #isFinished = false;
  #latest: Profile | undefined;

  constructor({ values = [SAMPLE_COUNT], events = [''] }: ProfileFacts = {}) {
    this.#valueTypes = Object.freeze([...values]);
    this.#events = Object.freeze([...events]);
    this.#values = values.map(() => []);
  }

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
   * Adds to an equal (stack, pid, tid, comm, event, timeNs, cpu) if there is one. A sample without frames gets the single
   * frame `[unknown]`, so that totals agree in every output. Throws RangeError for an unknown stack or event, or for bad
   * values.
   */
  addSample(sample: Sample): void {
    this.#requireUnfinished();
    const row = this.#sampleRow(sample);
    const key = Object.values(row).join();
    const known = this.#sampleIndexes.get(key);
    const index = known ?? this.#pushSample(row);
    if (known === undefined) this.#sampleIndexes.set(key, index);
    for (const [at, value] of sample.values.entries()) this.#values[at]![index]! += value;
    this.#totalCount += sample.values[0]!;
  }

  /** Returns the frozen profile; the builder cannot be used afterwards. */
  finish(): Profile {
    const profile = this.snapshot();
    this.#isFinished = true;
    return profile;
  }

  /** The frozen profile so far. It shares with the one before what has not grown since. */
  snapshot(): Profile {
    this.#requireUnfinished();
    const { strings, frames, stacks } = this.#latest ?? {};
    const isSame = (table: { length: number } | undefined, length: number) => table?.length === length;
    this.#latest = Object.freeze({
      strings: isSame(strings, this.#strings.size) ? strings! : Object.freeze([...this.#strings.keys()]),
      frames: isSame(frames, this.#frameIndexes.size)
        ? frames!
        : freezeTable(this.#frames, this.#frameIndexes.size),
      stacks: isSame(stacks, this.#stacks.parent.length)
        ? stacks!
        : freezeTable(this.#stacks, this.#stacks.parent.length),
      samples: this.#frozenSamples(),
      values: this.#valueTypes,
      events: this.#events,
      totalCount: this.#totalCount,
    });
    return this.#latest;
  }

  #frozenSamples(): SampleTable {
    const { timeNs, cpu, ...always } = this.#samples;
    return Object.freeze({
      ...freezeTable(always, always.stack.length),
      values: Object.freeze(this.#values.map((column) => new Float64Array(column))),
      ...(isKnown(timeNs) ? { timeNs: new Float64Array(timeNs) } : {}),
      ...(isKnown(cpu) ? { cpu: new Int32Array(cpu) } : {}),
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

  #sampleRow(sample: Sample): Record<keyof SampleColumns, number> {
    const { stack, values, pid, tid, comm, event = 0, timeNs = NOT_KNOWN, cpu = NOT_KNOWN } = sample;
    requireIndex(stack, NO_STACK, this.#stacks.parent.length, 'stack');
    requireIndex(event, 0, this.#events.length, 'event');
    requireValues(values, this.#values.length);
    return {
      stack: stack === NO_STACK ? this.#unknownStack() : stack,
      pid,
      tid,
      comm: this.#intern(comm),
      event,
      timeNs,
      cpu,
    };
  }

  /** A row without values. */
  #pushSample(row: Record<keyof SampleColumns, number>): number {
    for (const column of this.#values) column.push(0);
    for (const name of Object.keys(row) as (keyof SampleColumns)[]) this.#samples[name].push(row[name]);
    return this.#samples.stack.length - 1;
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

function requireValues(values: readonly number[], length: number): void {
  const isWhole = values.every((value) => Number.isSafeInteger(value) && value >= 0);
  if (values.length !== length || !isWhole || values[0] === 0)
    throw new RangeError(`bad values of a sample: ${values.join()}`);
}

function isKnown(column: readonly number[]): boolean {
  return column.some((value) => value !== NOT_KNOWN);
}

// Typed arrays cannot be frozen; their column types are read-only instead.
function freezeTable<Name extends string>(columns: Record<Name, number[]>, length: number) {
  const table = Object.fromEntries(
    Object.entries<number[]>(columns).map(([name, column]) => [name, new Int32Array(column)]),
  );
  return Object.freeze({ ...(table as Record<Name, Int32Array>), length });
}
