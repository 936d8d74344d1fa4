import { FRAME_RULE_NAMES } from '../ffi/record-names.js';
import { KERNEL_OBJECT } from '../ffi/symbolizer.js';
import type { RawBatch, RawFrames, RawObject, RawStack } from './raw-profile.js';

/** Approximate size of a piece; a long run's text is many times as large as its stacks and is never held whole. */
const PIECE_LETTERS = 1 << 20;

const NO_OBJECT = 0;
const JIT = FRAME_RULE_NAMES.indexOf('jit');

/**
 * NDJSON in pieces, one line per stack with its number of hits:
 * `{timeNs?, pid, tid, comm, cpu?, count, outcome, frames: [{module, buildId, offset, rule}]}`. Frames are leaf first,
 * the kernel's before the program's. `offset` is hexadecimal text, because JSON numbers are exact only to 53 bits: an
 * address in the file, in the process if there is no file, or in the kernel. For callers it is one byte before the
 * return address, so inside the call. `timeNs` (CLOCK_MONOTONIC) and `cpu` are given only for a single hit.
 */
export function* rawSampleLines({ stacks, increments, frames, objects }: RawBatch): Generator<string> {
  const texts = new FrameTexts(frames, objects);
  let piece = '';
  for (const [index, count] of increments.counts.entries()) {
    piece += `${lineOf(stacks[increments.stacks[index]!]!, count, texts)}\n`;
    if (piece.length < PIECE_LETTERS) continue;
    yield piece;
    piece = '';
  }
  if (piece !== '') yield piece;
}

function lineOf(stack: RawStack, count: number, texts: FrameTexts): string {
  const { pid, tid, comm, outcome, frames } = stack;
  const facts = JSON.stringify({
    pid,
    tid,
    comm,
    ...(count === 1 ? { cpu: stack.cpu } : {}),
    count,
    outcome,
  });
  const time = count === 1 ? `"timeNs":${stack.timeNs},` : '';
  return `{${time}${facts.slice(1, -1)},"frames":[${Array.from(frames, (row) => texts.of(row)).join(',')}]}`;
}

/** Each distinct frame is written once. */
class FrameTexts {
  readonly #frames: RawFrames;
  readonly #objects: ReadonlyMap<number, RawObject>;
  readonly #texts: string[] = [];

  constructor(frames: RawFrames, objects: readonly RawObject[]) {
    this.#frames = frames;
    this.#objects = new Map(objects.map((object) => [object.id, object]));
  }

  of(row: number): string {
    this.#texts[row] ??= this.#textOf(row);
    return this.#texts[row];
  }

  #textOf(row: number): string {
    const { addresses, objects, rules } = this.#frames;
    const offset = `0x${addresses[row]!.toString(16)}`;
    if (objects[row] === KERNEL_OBJECT)
      return JSON.stringify({ module: '[kernel]', buildId: '', offset, rule: 'kernel' });
    const { module, buildId } = this.#placeOf(objects[row]!, rules[row] === JIT);
    return JSON.stringify({ module, buildId, offset, rule: FRAME_RULE_NAMES[rules[row]!] });
  }

  #placeOf(id: number, isJit: boolean): { module: string; buildId: string } {
    const object = id === NO_OBJECT ? undefined : this.#objects.get(id);
    if (object === undefined) return { module: isJit ? '[anonymous]' : '[unknown]', buildId: '' };
    return { module: object.path, buildId: object.buildId };
  }
}
