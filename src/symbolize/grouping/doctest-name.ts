import type { NamedFrame } from './libtest-stack.js';

/** rustdoc names the function after the file and line of the example, with `/` and `.` replaced by `_`. */
const DOCTEST_MAIN = /(?:^|::)_doctest_main_(\w+?)_\d+$/;

/**
 * `src_lib_rs_12` for a documentation example that is a program of its own; undefined for other stacks. Examples that
 * rustdoc merges into one program (edition 2024) only have numbers.
 */
export function doctestOnStack(frames: Iterable<NamedFrame>): string | undefined {
  for (const { name } of frames) {
    const found = DOCTEST_MAIN.exec(name)?.[1];
    if (found !== undefined) return found;
  }
  return undefined;
}
