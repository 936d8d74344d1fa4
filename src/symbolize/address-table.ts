import type { RawFrames } from '../capture/raw-profile.js';
import { FRAME_RULE_NAMES } from '../ffi/record-names.js';
import type { AddressEntries } from '../ffi/symbolizer.js';

const JIT = FRAME_RULE_NAMES.indexOf('jit');
/** The bits above are the same for all addresses of an object, and a number has no room for them. */
const HIGH_BITS = 0x1f_ffff;

/** Numbers of addresses. */
type AddressNumbers = Map<number, number>;

/** The addresses of some frames. */
export interface FrameAddresses {
  /** The address of each frame. */
  numbers: Uint32Array;
  /** The frame that brought each new address. */
  fresh: number[];
  /** Addresses known before that turn out to be in anonymous executable memory. */
  nowJit: number[];
}

/**
 * The distinct addresses of a run, numbered: frames found by different rules have the same address. An address in a file is
 * the same for all processes; one outside of files is meaningful only together with the pid.
 */
export class AddressTable {
  readonly #byObject = new Map<number, AddressNumbers>();
  readonly #byPid = new Map<number, AddressNumbers>();
  readonly #isJit: boolean[] = [];

  add(frames: RawFrames): FrameAddresses {
    const found: FrameAddresses = { numbers: new Uint32Array(frames.length), fresh: [], nowJit: [] };
    // Read as halves: each 64-bit element would be a BigInt of its own.
    const halves = new Uint32Array(frames.addresses.buffer, frames.addresses.byteOffset, frames.length * 2);
    for (let row = 0; row < frames.length; row++) {
      const key = (halves[row * 2 + 1]! & HIGH_BITS) * 2 ** 32 + halves[row * 2]!;
      found.numbers[row] = this.#number(key, row, frames, found);
    }
    return found;
  }

  isJit(address: number): boolean {
    return this.#isJit[address]!;
  }

  #number(key: number, row: number, { objects, pids, rules }: RawFrames, found: FrameAddresses): number {
    const object = objects[row]!;
    const numbers = object === 0 ? numbersOf(this.#byPid, pids[row]!) : numbersOf(this.#byObject, object);
    const isJit = rules[row] === JIT;
    const known = numbers.get(key);
    if (known === undefined) {
      const number = this.#isJit.push(isJit) - 1;
      numbers.set(key, number);
      found.fresh.push(row);
      return number;
    }
    if (isJit && !this.#isJit[known]) {
      this.#isJit[known] = true; // a snapshot's rule does not tell
      found.nowJit.push(known);
    }
    return known;
  }
}

function numbersOf(tables: Map<number, AddressNumbers>, key: number): AddressNumbers {
  const known = tables.get(key);
  if (known !== undefined) return known;
  const made: AddressNumbers = new Map();
  tables.set(key, made);
  return made;
}

/** Columns of some frames for the symbolizer. */
export function addressEntries(
  { addresses, objects, pids }: RawFrames,
  rows: readonly number[],
): AddressEntries {
  return {
    addresses: BigUint64Array.from(rows, (row) => addresses[row]!),
    objects: Uint32Array.from(rows, (row) => objects[row]!),
    pids: Uint32Array.from(rows, (row) => pids[row]!),
  };
}
