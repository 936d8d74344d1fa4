import type { ProcessEnding } from '../../../../../capture/capture-error.js';
import { systemErrorText } from './system-error-text.js';

/** Worded to follow the name of a program. */
export function endingText(ending: ProcessEnding): string {
  switch (ending.kind) {
    case 'failed':
      return `could not be started: ${systemErrorText(ending.error)}`;
    case 'exited':
      return `exited with code ${ending.status}`;
    case 'killed':
      return `was killed by ${ending.signal}`;
  }
}
