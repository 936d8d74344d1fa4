import type { CaptureErrorCode } from '../../capture/capture-error.js';
import type { CaptureProblem } from '../../capture/capture-problem.js';

/** What a summary may have among its problems beside those of the capture itself; docs/errors.md explains each. */
export const RUN_PROBLEM_CODES = [
  // what ended the run
  'usage',
  'cargo',
  'interrupted',
  'internal',
  'no-working-directory',
  'unwritable-output',
  'require',
  // what was run
  'nothing-ran',
  'still-running',
  'emulated',
  'idle',
  'work-elsewhere',
  'nothing-measured',
  'not-optimized',
  'not-utf8',
  'no-tests',
  'unknown-process',
  'starters-full',
  // what was sampled
  'no-samples',
  'few-samples',
  'lost-samples',
  'unaccounted-samples',
  'throttled-samples',
  'high-frequency',
  'costly',
  'cut-off',
  // what found no room in the kernel
  'processes-full',
  'spaces-full',
  'ends-full',
  'cpu-times-full',
  // how stacks were unwound
  'incomplete-stacks',
  'guessed-frames',
  'unwinders-differ',
  'impossible-callers',
  'false-roots',
  'nothing-checked',
  // symbols
  'unnamed-frames',
  'no-symbols',
  'no-debuginfo',
  'short-names',
  'symbols',
  'file-replaced',
  'debuginfod-url',
  'debug-files',
  'debug-files-late',
] as const;

export type ProblemCode = (typeof RUN_PROBLEM_CODES)[number] | CaptureErrorCode | CaptureProblem['code'];
