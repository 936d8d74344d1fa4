import type { RawSample } from '../capture/raw-profile.js';
import { frameAddress, frameObject, frameRule } from '../ffi/stack-record.js';
import { type AddressEntries, KERNEL_OBJECT } from '../ffi/symbolizer.js';

export interface Address {
  address: bigint;
  /** The sampler's number of the file, 0, or KERNEL_OBJECT. */
  object: number;
  pid: number;
  /** Found in anonymous executable memory. */
  isJit: boolean;
}

/**
 * The distinct addresses of a run, numbered. An address in a file is the same for all processes; one outside of files
 * (object 0) is meaningful only together with the pid.
 */
export class AddressSet {
  readonly #addresses: Address[] = [];
  readonly #indexes = new Map<string | bigint, number>();
  /** Words in files and kernel addresses seen so far: nearly every lookup repeats one. */
  readonly #byWord = new Map<bigint, number>();
  readonly #byKernelAddress = new Map<bigint, number>();

  get addresses(): readonly Address[] {
    return this.#addresses;
  }

  addUser(word: bigint, pid: number): number {
    const known = this.#byWord.get(word);
    if (known !== undefined) return known;
    const object = frameObject(word);
    const address = frameAddress(word);
    const isJit = frameRule(word) === 'jit';
    const index = this.#add(userKey(address, object, pid), { address, object, pid, isJit });
    if (object !== 0) this.#byWord.set(word, index);
    return index;
  }

  addKernel(address: bigint): number {
    const known = this.#byKernelAddress.get(address);
    if (known !== undefined) return known;
    const index = this.#addresses.push({ address, object: KERNEL_OBJECT, pid: 0, isJit: false }) - 1;
    this.#byKernelAddress.set(address, index);
    return index;
  }

  /** Columns for the symbolizer, ordered by number. */
  entries(): AddressEntries {
    return {
      addresses: BigUint64Array.from(this.#addresses, ({ address }) => address),
      objects: Uint32Array.from(this.#addresses, ({ object }) => object),
      pids: Uint32Array.from(this.#addresses, ({ pid }) => pid),
    };
  }

  #add(key: string | bigint, address: Address): number {
    const known = this.#indexes.get(key);
    if (known !== undefined) {
      this.#addresses[known]!.isJit ||= address.isJit; // a snapshot's rule does not tell
      return known;
    }
    this.#indexes.set(key, this.#addresses.length);
    return this.#addresses.push(address) - 1;
  }
}

/** The key leaves out the rule by which the frame was found. */
function userKey(address: bigint, object: number, pid: number): string | bigint {
  return object === 0 ? `${pid}:${address}` : (address << 16n) | BigInt(object);
}

export function collectAddresses(samples: readonly RawSample[]): AddressSet {
  const set = new AddressSet();
  for (const { pid, userFrames, kernelFrames } of samples) {
    for (const word of userFrames) set.addUser(word, pid);
    for (const address of kernelFrames) set.addKernel(address);
  }
  return set;
}
