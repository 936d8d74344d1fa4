import { UsageError } from '../../../../cargo/command/usage-error.js';
import { NativeError } from '../../../../ffi/native-error.js';
import { nativeErrorText } from '../../command-line/errors/phrases/native-error-text.js';
import { isUnfitLibrary } from '../../command-line/errors/unfit-library.js';

/** Turns a failure to read the given file into a usage error; a missing library stays as it is. */
export function unreadableFile(error: unknown): unknown {
  if (!(error instanceof NativeError) || isUnfitLibrary(error)) return error;
  return new UsageError(nativeErrorText(error));
}
