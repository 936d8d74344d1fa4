import type { SamplingEvent } from '../../ffi/sampler-messages.js';

/** Something that triggers samples. */
export interface EventKind {
  /** In `--event`, in the summary and in `Profile.events`. */
  readonly spelling: string;
  /** What is counted and how, in a few words. */
  readonly describe: string;
  /** What its samples add up to: how often it happened, or the time that it took. */
  readonly unit: 'samples' | 'microseconds';
  /** How START asks the sampler for it. */
  readonly start: SamplingEvent;
}
