import type {
  CaptureErrorCause,
  CaptureErrorCode,
  CaptureErrorFacts,
} from '../../../../capture/capture-error.js';

/**
 * An error in words: "cannot ATTEMPTED: CAUSE", both without a full stop, and a line of advice for each way out: what to
 * type, then three spaces, then what it does.
 */
export interface Explanation {
  attempted: string;
  cause: string;
  advice: readonly string[];
}

/** How errors of these codes are put into words. */
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
