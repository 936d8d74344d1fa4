import type {
  CaptureErrorCause,
  CaptureErrorCode,
  CaptureErrorFacts,
} from '../../../../capture/capture-error.js';

/**
 * An error in words: "cannot ATTEMPTED: CAUSE", both without a full stop, and one line of advice per way out: what to
 * type, three spaces, and what it does.
 */
export interface Explanation {
  attempted: string;
  cause: string;
  advice: readonly string[];
}

/** One function per code that puts its errors into words. */
export type TextsOf<C extends CaptureErrorCode> = {
  [K in C]: (facts: CaptureErrorFacts<K>, cause: CaptureErrorCause) => Explanation;
};

export const CAPTURE_SAMPLES = 'capture samples';
export const START_SAMPLER = 'start the sampler';

export function sentenceOf({ attempted, cause }: Explanation): string {
  return `cannot ${attempted}: ${cause}`;
}

export function explanation(attempted: string, cause: string, ...advice: readonly string[]): Explanation {
  return { attempted, cause, advice };
}
