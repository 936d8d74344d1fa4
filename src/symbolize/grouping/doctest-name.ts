import type { NamedFrame } from './libtest-stack.js';

/** rustdoc names the function after the file and the line of the example; `/` and `.` have become `_`. */
const DOCTEST_MAIN = /(?:^|::)_doctest_main_(\w+?)_\d+$/;

/**
 * `src_lib_rs_12` of an example of documentation that is a program of its own; undefined on other stacks. Examples
 * that rustdoc merges into one program (edition 2024) are numbered only.
 */
export function doctestOnStack(frames: Iterable<NamedFrame>): string | undefined {
  for (const { name } of frames) {
    const found = DOCTEST_MAIN.exec(name)?.[1];
    if (found !== undefined) return found;
  }
  return undefined;
}
