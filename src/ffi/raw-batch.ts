import { OUTCOME_NAMES, type OutcomeName } from './record-names.js';

const HEADER_WORDS = 8;
const STACK_COLUMNS = 9;
const COMM_BYTES = 16;

/** A mapped file: `path` as the target sees it, `buildId` in hex. `id` is libbee's number for it. */
export interface MappedObject {
  id: number;
  path: string;
  buildId: string;
  isVdso: boolean;
}

/**
 * Distinct frames, as columns. An address is in the object's own virtual address space, in the kernel's if the object is
 * KERNEL_OBJECT, and in that of process `pid` if the object is 0; otherwise `pid` is 0. `rules` are indexes into
 * FRAME_RULE_NAMES; the kernel's frames have none (0).
 */
export interface RawFrames {
  readonly length: number;
  readonly addresses: BigUint64Array;
  readonly objects: Uint32Array;
  readonly pids: Uint32Array;
  readonly rules: Uint8Array;
}

/**
 * A thread that the first thread of a process started, and from which another thread descends through any number of
 * threads and processes. `comm` is its name when it started the first of them.
 */
export interface Starter {
  tid: number;
  comm: string;
}

/**
 * A distinct stack. `timeNs` (CLOCK_MONOTONIC) and `cpu` are those of its first hit. `root` is the request that put its
 * process, or an ancestor, under observation. `starter` is undefined for first threads and for threads that a first thread
 * started. `event` is an index into the events of the plan. `frames` are rows of RawFrames, leaf first: first
 * `kernelFrameCount` of the kernel, then the program's.
 */
export interface RawStack {
  readonly timeNs: bigint;
  readonly cpu: number;
  readonly pid: number;
  readonly tid: number;
  readonly comm: string;
  readonly root: number;
  readonly starter: Starter | undefined;
  readonly outcome: OutcomeName;
  readonly event: number;
  readonly frames: Uint32Array;
  readonly kernelFrameCount: number;
}

/** Hits: `counts[i]` more of stack `stacks[i]`. */
export interface RawIncrements {
  readonly stacks: Uint32Array;
  readonly counts: Float64Array;
}

/**
 * What is new since the last take: the next rows of the tables of frames and stacks, and hits of stacks, in ascending order;
 * objects that are new or that the new frames name and that were not told since tables were last forgotten.
 */
export interface RawBatch {
  readonly objects: readonly MappedObject[];
  readonly frames: RawFrames;
  readonly stacks: readonly RawStack[];
  readonly increments: RawIncrements;
}

/** Decodes the buffer of native/ffi/src/stacks/batch.rs and the objects behind it; columns are views into it. */
export function decodeRawBatch(bytes: Uint8Array): RawBatch {
  const columns = new Columns(bytes);
  const header = columns.u32(HEADER_WORDS);
  const [frameCount = 0, stackCount = 0, stackFrameCount = 0, incrementCount = 0, commCount = 0] = header;
  const addresses = columns.u64(frameCount);
  const timesNs = columns.u64(stackCount);
  const counts = columns.f64(incrementCount);
  const objects = columns.u32(frameCount);
  const pids = columns.u32(frameCount);
  const words = columns.u32(stackCount * STACK_COLUMNS);
  const ends = columns.u32(stackCount);
  const stackFrames = columns.u32(stackFrameCount);
  const incremented = columns.u32(incrementCount);
  const rules = columns.u8(frameCount);
  const outcomes = columns.u8(stackCount);
  const comms = new Comms(columns.u8(commCount * COMM_BYTES));
  const table: StackColumns = { length: stackCount, timesNs, words, ends, stackFrames, outcomes, comms };
  return {
    objects: decodeObjects(columns.rest()),
    frames: { length: frameCount, addresses, objects, pids, rules },
    stacks: Array.from(outcomes, (_, row) => new StackRow(table, row)),
    increments: { stacks: incremented, counts },
  };
}

/** Takes one column after the other; each is aligned, as the wider ones come first. */
class Columns {
  readonly #bytes: Uint8Array;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes.byteOffset % 8 === 0 ? bytes : bytes.slice();
  }

  u64(length: number): BigUint64Array {
    return new BigUint64Array(this.#bytes.buffer, this.#take(length * 8), length);
  }

  f64(length: number): Float64Array {
    return new Float64Array(this.#bytes.buffer, this.#take(length * 8), length);
  }

  u32(length: number): Uint32Array {
    return new Uint32Array(this.#bytes.buffer, this.#take(length * 4), length);
  }

  u8(length: number): Uint8Array {
    return new Uint8Array(this.#bytes.buffer, this.#take(length), length);
  }

  rest(): Uint8Array {
    return this.#bytes.subarray(this.#offset);
  }

  #take(byteLength: number): number {
    const offset = this.#bytes.byteOffset + this.#offset;
    this.#offset += byteLength;
    return offset;
  }
}

interface StackColumns {
  length: number;
  timesNs: BigUint64Array;
  words: Uint32Array;
  ends: Uint32Array;
  stackFrames: Uint32Array;
  outcomes: Uint8Array;
  comms: Comms;
}

/** Order of the stacks' columns in the buffer. */
const COLUMN = {
  pid: 0,
  tid: 1,
  root: 2,
  starterTid: 3,
  cpu: 4,
  comm: 5,
  starterComm: 6,
  event: 7,
  kernelFrames: 8,
} as const;

/** Reads a row when asked: as objects with arrays of their own, the stacks would be several times as large. */
class StackRow implements RawStack {
  constructor(
    private readonly table: StackColumns,
    private readonly row: number,
  ) {}

  get timeNs(): bigint {
    return this.table.timesNs[this.row]!;
  }

  get cpu(): number {
    return this.#word(COLUMN.cpu);
  }

  get pid(): number {
    return this.#word(COLUMN.pid);
  }

  get tid(): number {
    return this.#word(COLUMN.tid);
  }

  get comm(): string {
    return this.table.comms.at(this.#word(COLUMN.comm));
  }

  get root(): number {
    return this.#word(COLUMN.root);
  }

  get starter(): Starter | undefined {
    const tid = this.#word(COLUMN.starterTid);
    return tid === 0 ? undefined : { tid, comm: this.table.comms.at(this.#word(COLUMN.starterComm)) };
  }

  get outcome(): OutcomeName {
    const value = this.table.outcomes[this.row]!;
    const name = OUTCOME_NAMES[value];
    if (name === undefined) throw new RangeError(`A stack has the unknown outcome ${value}.`);
    return name;
  }

  get event(): number {
    return this.#word(COLUMN.event);
  }

  get frames(): Uint32Array {
    const { ends, stackFrames } = this.table;
    return stackFrames.subarray(this.row === 0 ? 0 : ends[this.row - 1], ends[this.row]);
  }

  get kernelFrameCount(): number {
    return this.#word(COLUMN.kernelFrames);
  }

  #word(column: number): number {
    return this.table.words[column * this.table.length + this.row]!;
  }
}

/** Names of threads, each decoded once. */
class Comms {
  readonly #bytes: Uint8Array;
  readonly #texts: string[] = [];

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  at(index: number): string {
    this.#texts[index] ??= this.#decode(index * COMM_BYTES);
    return this.#texts[index];
  }

  #decode(offset: number): string {
    const bytes = this.#bytes.subarray(offset, offset + COMM_BYTES);
    const end = bytes.indexOf(0);
    return Buffer.from(end < 0 ? bytes : bytes.subarray(0, end)).toString('utf8');
  }
}

interface NativeObject {
  id: number;
  path: string;
  buildId: string;
  vdso: boolean;
}

/** JSON of libbee's. */
export function decodeObjects(bytes: Uint8Array): MappedObject[] {
  const objects = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
  return (objects as NativeObject[]).map(({ id, path, buildId, vdso }) => ({
    id,
    path,
    buildId,
    isVdso: vdso,
  }));
}
