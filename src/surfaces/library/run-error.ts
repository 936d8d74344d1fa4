import type { CaptureErrorCode } from '../../capture/capture-error.js';
import type { CommandFault } from '../../run/targets/find-command.js';

/** What is wrong with the options, the order of calls, or the command. */
export type RunFault =
  | 'invalid-options'
  | 'started-already'
  | 'not-started'
  | 'closed'
  | `command-${CommandFault | 'not-started'}`;

export type RunErrorCode = RunFault | CaptureErrorCode | 'failed';

/**
 * Why a run cannot start or has ended. `code` says all that a program can act on; the texts of the command line are in
 * docs/errors.md. Neither it nor `message` has arguments or environment of the target.
 */
export class RunError extends Error {
  override readonly name = 'RunError';

  constructor(
    readonly code: RunErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
