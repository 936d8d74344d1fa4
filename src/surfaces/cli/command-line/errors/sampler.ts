import type { CaptureErrorCause, CaptureErrorFacts } from '../../../../capture/capture-error.js';
import { NativeError } from '../../../../ffi/native-error.js';
import { CAPTURE_SAMPLES, type Explanation, explanation, type TextsOf } from './explanation.js';
import { nativeErrorText } from './phrases/native-error-text.js';
import { endingText } from './phrases/process-ending.js';
import { explainStep } from './phrases/sampler-steps.js';
import { errnoText, systemErrorText } from './phrases/system-error-text.js';
import { INSTALL_AGAIN } from './unfit-library.js';

/** What the installation lacks, and failures of the sampler itself. */
export const SAMPLER_TEXTS: TextsOf<'no-native' | 'no-directory' | 'setup' | 'sampler'> = {
  'no-native': (facts, cause) =>
    facts.why === 'platform'
      ? explanation(
          CAPTURE_SAMPLES,
          `this package has native parts for ${facts.available} only, and this is ${facts.platform}`,
        )
      : explanation(CAPTURE_SAMPLES, causeText(cause, `${facts.part} is missing`), INSTALL_AGAIN),
  'no-directory': ({ parent }, cause) =>
    explanation(
      'make a folder for sockets',
      `${parent}: ${causeText(cause, 'the system gives no reason')}`,
      'set TMPDIR=/tmp   or another folder that exists',
    ),
  setup: () => explanation('set up the sampler', 'bee-sampler ended for the reason above'),
  sampler: explainSampler,
};

function explainSampler(facts: CaptureErrorFacts<'sampler'>, cause: CaptureErrorCause): Explanation {
  switch (facts.why) {
    case 'failed':
      return explainStep(
        facts.failure,
        ...(facts.isOfMachine ? ['profile-bee doctor   shows what this machine allows'] : []),
      );
    case 'ended':
      return explanation(CAPTURE_SAMPLES, `bee-sampler ${endingText(facts.ending)}`);
    case 'unreachable':
      return explanation(CAPTURE_SAMPLES, causeText(cause, 'the sampler does not answer'));
    case 'not-observing':
      return explanation(
        `profile process ${facts.pid}`,
        facts.detail === ''
          ? causeText(cause, 'the sampler gives no reason')
          : `the sampler: ${facts.detail}`,
      );
    case 'no-program':
      return explanation('start a program to sample', causeText(cause, 'the system gives no reason'));
  }
}

function causeText(cause: CaptureErrorCause, otherwise: string): string {
  if (typeof cause === 'number') return errnoText(cause);
  if (cause === undefined) return otherwise;
  return cause instanceof NativeError ? nativeErrorText(cause) : systemErrorText(cause);
}
