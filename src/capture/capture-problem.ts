import type { SamplerProblem } from '../ffi/sampler-messages.js';

/** What a capture that went on has left out: a code and its facts. */
export type CaptureProblem =
  /** A program at the gate that ran unobserved. */
  | { code: 'not-observed'; path: string; error: unknown }
  /** A child that was already running, with rights other than this user's. */
  | { code: 'left-out'; pid: number; name: string }
  | SamplerProblem;
