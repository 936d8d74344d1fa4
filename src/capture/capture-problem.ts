import type { SamplerProblem } from '../ffi/sampler-messages.js';

/** What was left out of a capture that went on: a code and what is known of it. */
export type CaptureProblem =
  /** A program that came to the gate. */
  | { code: 'not-observed'; path: string; error: unknown }
  /** A child that lived already, of whoever has other rights than this user. */
  | { code: 'left-out'; pid: number; name: string }
  | SamplerProblem;
