import { UsageError } from '../../../../cargo/command/usage-error.js';
import { NativeError } from '../../../../ffi/native-error.js';

/** What reading the typed file failed with, as the error to throw; a missing library stays what it is. */
export function unreadableFile(error: unknown): unknown {
  if (!(error instanceof NativeError) || error.code === 'ELIBACC') return error;
  return new UsageError(reasonOf(error));
}

/** As the commands say it: no capital, no full stop, and the system's number for the error left out. */
function reasonOf({ message }: NativeError): string {
  return message.replace(/^Cannot/, 'cannot').replace(/ \(os error \d+\)|\.$/g, '');
}
