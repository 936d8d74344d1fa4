import type { CaptureError } from '../../../../capture/capture-error.js';
import { explainCapture } from '../../command-line/errors/capture-error-texts.js';

/** `warning`: works in part; `problem`: captures fail as long as it persists. */
export type CheckStatus = 'ok' | 'warning' | 'problem';

/** `found` is one sentence without a full stop; `fix` is what to type, one alternative per line. */
export interface Check {
  code: string;
  status: CheckStatus;
  found: string;
  fix?: string;
}

export function ok(code: string, found: string): Check {
  return { code, status: 'ok', found };
}

export function warning(code: string, found: string, fix: string): Check {
  return { code, status: 'warning', found, fix };
}

export function problem(code: string, found: string, fix: string): Check {
  return { code, status: 'problem', found, fix };
}

/** A problem with the error that a capture would end with, if any. */
export function unless(code: string, error: CaptureError | undefined, found: string): Check {
  return error === undefined ? ok(code, found) : problemOf(code, error);
}

export function problemOf(code: string, error: CaptureError): Check {
  const { cause, advice } = explainCapture(error);
  return problem(code, cause, advice.join('\n'));
}
