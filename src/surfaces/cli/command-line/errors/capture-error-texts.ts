import type { CaptureError, CaptureErrorCause, CaptureErrorCode } from '../../../../capture/capture-error.js';
import { BOUND_TEXTS } from './bounds.js';
import { CONTAINER_TEXTS } from './containers.js';
import type { Explanation, TextsOf } from './explanation.js';
import { KERNEL_TEXTS } from './kernel.js';
import { PRIVILEGE_TEXTS } from './privileges.js';
import { PROCESS_TEXTS } from './processes.js';
import { SAMPLER_TEXTS } from './sampler.js';

/** Texts for every code that keeps a capture from starting, or ends it. */
export const CAPTURE_ERROR_TEXTS: TextsOf<CaptureErrorCode> = {
  ...PRIVILEGE_TEXTS,
  ...CONTAINER_TEXTS,
  ...KERNEL_TEXTS,
  ...PROCESS_TEXTS,
  ...BOUND_TEXTS,
  ...SAMPLER_TEXTS,
};

/** Puts the facts of an error into words. */
export function explainCapture({ facts, cause }: CaptureError): Explanation {
  // The table's type matches each code with its fields, but TypeScript does not follow that through an index.
  const explain = CAPTURE_ERROR_TEXTS[facts.code] as (
    facts: CaptureError['facts'],
    cause: CaptureErrorCause,
  ) => Explanation;
  return explain(facts, cause);
}
