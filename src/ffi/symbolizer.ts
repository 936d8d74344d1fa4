import type { SamplerConnection } from './sampler-connection.js';

/** The object number of kernel addresses. */
export const KERNEL_OBJECT = 0xffffffff;

const ENTRY_BYTES = 16;
const HEADER_WORDS = 4;
const FRAME_WORDS = 5;
const FLAG_INLINED = 1;
const FLAG_DEBUG_INFO = 2;
const FLAG_KERNEL = 4;
const FLAG_UNNAMED = 8;
const FLAG_REPLACED = 16;

/** Addresses to resolve, as columns of equal length. `objects`: libbee's numbers, 0 for none, or KERNEL_OBJECT. */
export interface AddressEntries {
  addresses: BigUint64Array;
  objects: Uint32Array;
  pids: Uint32Array;
}

/**
 * A function at an address. `file` is the full path from the debug information, or empty; `line` and `column` are 0 if
 * unknown. `module` is set for kernel frames only (`[kernel]`, `[ext4]`). `unnamedStart` is the start of a function
 * without a symbol, `isReplaced` means that the file was overwritten and its old content is gone; in both cases the
 * other fields are empty, and the frame is the only one of its address.
 */
export interface ResolvedFrame {
  name: string;
  file: string;
  line: number;
  column: number;
  isInlined: boolean;
  hasDebugInfo: boolean;
  module: string;
  unnamedStart?: bigint;
  isReplaced?: boolean;
}

/** A file that could not be read properly; its addresses may be unresolved. */
export interface SymbolProblem {
  object: number;
  path: string;
  message: string;
}

/**
 * One list of frames per entry: innermost (inlined) first, the function itself last. If unresolved: none, or unnamed.
 */
export interface ResolvedAddresses {
  readonly length: number;
  framesAt(index: number): ResolvedFrame[];
  readonly problems: readonly SymbolProblem[];
}

/** `full`: with generic arguments and parameters; `simple`: without; `none`: raw linkage names. */
export const DEMANGLINGS = ['full', 'simple', 'none'] as const;
export type Demangling = (typeof DEMANGLINGS)[number];

export interface SymbolStyle {
  demangle?: Demangling;
  /**
   * Resolves as llvm-symbolizer does: prefers a function's name in the symbol table to the one in the debug
   * information, and takes the source file of code without debug information from the symbol table.
   */
  isLikeLlvm?: boolean;
  /** For measurements: reads files with the library that is otherwise the fallback. */
  avoidsSweep?: boolean;
}

export interface Symbolizer {
  /** Rejects with NativeError only if nothing could be attempted; an unreadable file is a problem in the result. */
  symbolize(entries: AddressEntries): Promise<ResolvedAddresses>;
}

/** Resolves with the files that a connection holds; the connection must stay open until the promise settles. */
export class NativeSymbolizer implements Symbolizer {
  readonly #connection: SamplerConnection;
  readonly #flags: number;

  constructor(connection: SamplerConnection, style: SymbolStyle = {}) {
    this.#connection = connection;
    this.#flags = styleFlags(style);
  }

  /**
   * Resolves addresses in the background as samples arrive, until `symbolize`. Call after the connection's
   * `keepSymbols`.
   */
  beginAhead(): void {
    this.#connection.symbolizeAhead(this.#flags);
  }

  async symbolize(entries: AddressEntries): Promise<ResolvedAddresses> {
    return new SymbolTable(await this.#connection.symbolize(encodeEntries(entries), this.#flags));
  }
}

function styleFlags({ demangle = 'full', isLikeLlvm = false, avoidsSweep = false }: SymbolStyle): number {
  return DEMANGLINGS.indexOf(demangle) | (isLikeLlvm ? 4 : 0) | (avoidsSweep ? 8 : 0);
}

function encodeEntries({ addresses, objects, pids }: AddressEntries): Uint8Array {
  const bytes = new Uint8Array(addresses.length * ENTRY_BYTES);
  const view = new DataView(bytes.buffer);
  addresses.forEach((address, index) => {
    view.setBigUint64(index * ENTRY_BYTES, address, true);
    view.setUint32(index * ENTRY_BYTES + 8, objects[index] ?? 0, true);
    view.setUint32(index * ENTRY_BYTES + 12, pids[index] ?? 0, true);
  });
  return bytes;
}

/** Decodes the symbol buffer of native/ffi/src/lib.rs on demand, each string once. */
class SymbolTable implements ResolvedAddresses {
  readonly length: number;
  readonly problems: readonly SymbolProblem[];
  readonly #firstFrame: Uint32Array;
  readonly #frames: Uint32Array;
  readonly #stringOffsets: Uint32Array;
  readonly #stringBytes: Buffer;
  readonly #strings: (string | undefined)[] = [];

  constructor(buffer: Uint8Array) {
    const header = new Uint32Array(buffer.buffer, buffer.byteOffset, HEADER_WORDS);
    const [addressCount = 0, frameCount = 0, stringCount = 0, stringBytes = 0] = header;
    let offset = buffer.byteOffset + header.byteLength;
    const takeWords = (count: number): Uint32Array => {
      const words = new Uint32Array(buffer.buffer, offset, count);
      offset += words.byteLength;
      return words;
    };
    this.length = addressCount;
    this.#firstFrame = takeWords(addressCount + 1);
    this.#frames = takeWords(frameCount * FRAME_WORDS);
    this.#stringOffsets = takeWords(stringCount + 1);
    this.#stringBytes = Buffer.from(buffer.buffer, offset, stringBytes);
    this.problems = decodeProblems(buffer, offset + stringBytes - buffer.byteOffset);
  }

  framesAt(index: number): ResolvedFrame[] {
    const first = this.#firstFrame[index];
    const end = this.#firstFrame[index + 1];
    if (first === undefined || end === undefined) throw new RangeError(`There is no address ${index}.`);
    const frames: ResolvedFrame[] = [];
    for (let at = first; at < end; at++) frames.push(this.#frame(at * FRAME_WORDS));
    return frames;
  }

  // Reads word by word: creating a view for each frame would take longer than everything else here.
  #frame(start: number): ResolvedFrame {
    const words = this.#frames;
    const file = words[start + 1]!;
    const line = words[start + 2]!;
    const column = words[start + 3]!;
    const flags = words[start + 4]!;
    if ((flags & FLAG_UNNAMED) !== 0) return unnamedFrame(line, column);
    if ((flags & FLAG_REPLACED) !== 0) return { ...NOTHING, isReplaced: true };
    const isKernel = (flags & FLAG_KERNEL) !== 0;
    return {
      name: this.#string(words[start]!),
      file: isKernel ? '' : this.#string(file),
      line,
      column,
      isInlined: (flags & FLAG_INLINED) !== 0,
      hasDebugInfo: (flags & FLAG_DEBUG_INFO) !== 0,
      module: isKernel ? this.#string(file) : '',
    };
  }

  #string(index: number): string {
    const known = this.#strings[index];
    if (known !== undefined) return known;
    const text = this.#stringBytes.toString(
      'utf8',
      this.#stringOffsets[index],
      this.#stringOffsets[index + 1],
    );
    this.#strings[index] = text;
    return text;
  }
}

const NOTHING: ResolvedFrame = {
  name: '',
  file: '',
  line: 0,
  column: 0,
  isInlined: false,
  hasDebugInfo: false,
  module: '',
};

function unnamedFrame(lowWord: number, highWord: number): ResolvedFrame {
  const unnamedStart = (BigInt(highWord) << 32n) | BigInt(lowWord);
  return { ...NOTHING, unnamedStart };
}

function decodeProblems(buffer: Uint8Array, offset: number): SymbolProblem[] {
  const size = new DataView(buffer.buffer, buffer.byteOffset + offset, 4).getUint32(0, true);
  const text = Buffer.from(buffer.buffer, buffer.byteOffset + offset + 4, size).toString('utf8');
  return JSON.parse(text) as SymbolProblem[];
}
