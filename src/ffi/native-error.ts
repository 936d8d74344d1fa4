import { getSystemErrorName } from 'node:util';

/**
 * A failed native call. `code` is an errno name (`ETIMEDOUT`, `EPIPE`, …), `operation` the call, `message` one sentence
 * from the native side.
 */
export class NativeError extends Error {
  override readonly name = 'NativeError';

  constructor(
    readonly code: string,
    readonly operation: string,
    message: string,
  ) {
    super(message);
  }

  /** `status` is the negative errno that a call returned. */
  static fromStatus(status: number, operation: string, message: string): NativeError {
    return new NativeError(errnoName(status), operation, message);
  }
}

function errnoName(status: number): string {
  try {
    return getSystemErrorName(status);
  } catch {
    return `E${-status}`;
  }
}
