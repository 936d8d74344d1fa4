import type { RawStack } from '../../capture/raw-profile.js';
import { doctestOnStack } from './doctest-name.js';
import { type FramesOf, type LibtestStack, readLibtestStack } from './libtest-stack.js';

/** Reads each stack once: every snapshot asks for all of them. */
export class StackReader {
  readonly #framesOf: FramesOf;
  readonly #libtest = new Map<RawStack, LibtestStack>();
  readonly #doctests = new Map<RawStack, string | undefined>();

  constructor(framesOf: FramesOf) {
    this.#framesOf = framesOf;
  }

  libtestOn(stack: RawStack): LibtestStack {
    const known = this.#libtest.get(stack);
    if (known !== undefined) return known;
    const read = readLibtestStack(this.#framesOf(stack));
    this.#libtest.set(stack, read);
    return read;
  }

  doctestOn(stack: RawStack): string | undefined {
    if (!this.#doctests.has(stack)) this.#doctests.set(stack, doctestOnStack(this.#framesOf(stack)));
    return this.#doctests.get(stack);
  }
}
