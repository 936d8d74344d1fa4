import { type Handle, type Libbee, loadLibbee } from './libbee.js';

/** enum bee_unwind_kind of bpf/unwind.h; the index is the wire value. test/ffi/layout.test.ts compares all three. */
export const UNWIND_KINDS = ['gap', 'end', 'cfa', 'deref', 'plt', 'signal', 'unsupported', 'clone'] as const;
export type UnwindKind = (typeof UNWIND_KINDS)[number];

/** enum bee_unwind_register. */
export const CFA_REGISTERS = [
  'rsp',
  'rbp',
  'r10',
  'rbx',
  'r11',
  'rax',
  'rcx',
  'rdx',
  'rsi',
  'rdi',
  'r8',
  'r9',
  'r12',
  'r13',
  'r14',
  'r15',
] as const;

/** enum bee_fp_kind: rbp keeps its value; was saved at CFA + offset; was saved at *(rbp + offset); is unknown. */
export const FP_KINDS = ['same', 'cfa', 'rbp', 'unknown'] as const;

/** struct bee_unwind_rule: byte offsets. */
export const RULE_LAYOUT = {
  size: 16,
  kind: 0,
  cfa_register: 1,
  fp_kind: 2,
  cfa_offset: 4,
  cfa_add: 8,
  ra_words: 10,
  by: 11,
  fp_offset: 12,
} as const;

const ROW_BYTES = 12;
const CHUNK_BYTES = 4096 * ROW_BYTES;

/** How the caller is found; fields that a kind does not use are 0. */
export interface UnwindRule {
  kind: UnwindKind;
  cfaRegister: (typeof CFA_REGISTERS)[number];
  cfaOffset: number;
  /** For `deref`: added to the word at register + cfaOffset. */
  cfaAdd: number;
  /** The return address is at CFA - 8 * this. */
  raWords: number;
  fpKind: (typeof FP_KINDS)[number];
  fpOffset: number;
}

/** `rules[rule]` applies from `address` (in the file's own address space) up to the next row's. */
export interface UnwindRow {
  address: bigint;
  rule: number;
}

/** The unwind rows of an ELF file as the sampler would load them, sorted by address. */
export class UnwindTable {
  readonly rules: readonly UnwindRule[];
  readonly #libbee: Libbee;
  readonly #handle: Handle;

  private constructor(libbee: Libbee, handle: Handle) {
    this.#libbee = libbee;
    this.#handle = handle;
    this.rules = decodeRules(libbee.unwindRules(handle));
  }

  /** Throws NativeError: ENOENT, EACCES, …; ENOEXEC if this is not an x86-64 ELF file. */
  static read(path: string): UnwindTable {
    const libbee = loadLibbee();
    return new UnwindTable(libbee, libbee.unwindOpen(path));
  }

  /** Yields up to 4,096 rows at a time, because a compiler has a million. */
  *chunks(): Generator<UnwindRow[]> {
    const buffer = new Uint8Array(CHUNK_BYTES);
    for (let first = 0; ; ) {
      const rows = decodeRows(buffer.subarray(0, this.#libbee.unwindRows(this.#handle, first, buffer)));
      if (rows.length === 0) return;
      yield rows;
      first += rows.length;
    }
  }

  [Symbol.dispose](): void {
    this.#libbee.unwindClose(this.#handle);
  }
}

function decodeRows(bytes: Uint8Array): UnwindRow[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.byteLength / ROW_BYTES }, (_, index) => ({
    address: view.getBigUint64(index * ROW_BYTES, true),
    rule: view.getUint32(index * ROW_BYTES + 8, true),
  }));
}

function decodeRules(bytes: Uint8Array): UnwindRule[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = bytes.byteLength / RULE_LAYOUT.size;
  return Array.from({ length: count }, (_, index) => decodeRule(view, index * RULE_LAYOUT.size));
}

function decodeRule(view: DataView, offset: number): UnwindRule {
  const small = (field: 'kind' | 'cfa_register' | 'fp_kind' | 'ra_words') =>
    view.getUint8(offset + RULE_LAYOUT[field]);
  const large = (field: 'cfa_offset' | 'fp_offset') => view.getInt32(offset + RULE_LAYOUT[field], true);
  return {
    kind: named(UNWIND_KINDS, small('kind')),
    cfaRegister: named(CFA_REGISTERS, small('cfa_register')),
    cfaOffset: large('cfa_offset'),
    cfaAdd: view.getInt16(offset + RULE_LAYOUT.cfa_add, true),
    raWords: small('ra_words'),
    fpKind: named(FP_KINDS, small('fp_kind')),
    fpOffset: large('fp_offset'),
  };
}

function named<Name>(names: readonly Name[], value: number): Name {
  const name = names[value];
  if (name === undefined) throw new RangeError(`An unwind rule has the unknown value ${value}.`);
  return name;
}
