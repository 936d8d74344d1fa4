import { NativeError } from '../../../../ffi/native-error.js';
import { type Explanation, explanation } from './explanation.js';
import { nativeErrorText } from './phrases/native-error-text.js';

export const INSTALL_AGAIN = 'npm install -g cargo-profile-bee   again; in a checkout: npm run build';

/** Whether libbee exists but cannot be loaded: built for another libc, or a version that does not match its caller. */
export function isUnfitLibrary(error: unknown): error is NativeError {
  return error instanceof NativeError && error.operation === 'load libbee';
}

export function explainUnfitLibrary(error: NativeError): Explanation {
  return explanation(error.operation, nativeErrorText(error), INSTALL_AGAIN);
}
