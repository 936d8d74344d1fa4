import { frameAddress, frameObject, frameRule } from '../ffi/stack-record.js';
import type { RawObject, RawProfile, RawSample } from './raw-profile.js';

/** Approximate size of a piece; a long run's text is many times as large as its stacks and is never held whole. */
const PIECE_LETTERS = 1 << 20;

const NO_OBJECT = 0;
const KERNEL = { module: '[kernel]', buildId: '' };

/**
 * NDJSON in pieces, one line per stack with its number of hits:
 * `{timeNs?, pid, tid, comm, cpu?, count, outcome, frames: [{module, buildId, offset, rule}]}`. Frames are leaf first,
 * the kernel's before the program's. `offset` is hexadecimal text, because JSON numbers are exact only to 53 bits: an
 * address in the file, in the process if there is no file, or in the kernel. For callers it is one byte before the
 * return address, so inside the call. `timeNs` (CLOCK_MONOTONIC) and `cpu` are given only for a single hit.
 */
export function* rawSampleLines({ samples, objects }: RawProfile): Generator<string> {
  const frames = new FrameTexts(objects);
  let piece = '';
  for (const sample of samples) {
    piece += `${lineOf(sample, frames)}\n`;
    if (piece.length < PIECE_LETTERS) continue;
    yield piece;
    piece = '';
  }
  if (piece !== '') yield piece;
}

function lineOf(sample: RawSample, frames: FrameTexts): string {
  const { pid, tid, comm, count, outcome, userFrames, kernelFrames } = sample;
  const texts = [
    ...Array.from(kernelFrames, (address) => frames.ofKernel(address)),
    ...Array.from(userFrames, (word) => frames.ofUser(word)),
  ];
  const facts = JSON.stringify({
    pid,
    tid,
    comm,
    ...(count === 1 ? { cpu: sample.cpu } : {}),
    count,
    outcome,
  });
  const time = count === 1 ? `"timeNs":${sample.timeNs},` : '';
  return `{${time}${facts.slice(1, -1)},"frames":[${texts.join(',')}]}`;
}

/** Each distinct frame is written once. */
class FrameTexts {
  readonly #objects: ReadonlyMap<number, RawObject>;
  readonly #user = new Map<bigint, string>();
  readonly #kernel = new Map<bigint, string>();

  constructor(objects: readonly RawObject[]) {
    this.#objects = new Map(objects.map((object) => [object.id, object]));
  }

  ofUser(word: bigint): string {
    return cached(this.#user, word, () => {
      const rule = frameRule(word);
      const place = this.#placeOf(frameObject(word), rule === 'jit');
      return frameText(place, frameAddress(word), rule);
    });
  }

  ofKernel(address: bigint): string {
    return cached(this.#kernel, address, () => frameText(KERNEL, address, 'kernel'));
  }

  #placeOf(id: number, isJit: boolean): { module: string; buildId: string } {
    const object = id === NO_OBJECT ? undefined : this.#objects.get(id);
    if (object === undefined) return { module: isJit ? '[anonymous]' : '[unknown]', buildId: '' };
    return { module: object.path, buildId: object.buildId };
  }
}

function frameText(place: { module: string; buildId: string }, address: bigint, rule: string): string {
  const { module, buildId } = place;
  return JSON.stringify({ module, buildId, offset: `0x${address.toString(16)}`, rule });
}

function cached(known: Map<bigint, string>, key: bigint, make: () => string): string {
  const found = known.get(key);
  if (found !== undefined) return found;
  const made = make();
  known.set(key, made);
  return made;
}
