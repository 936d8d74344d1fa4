import { NativeError } from '../../../../ffi/native-error.js';
import { type Explanation, explanation } from './explanation.js';
import { nativeErrorText } from './phrases/native-error-text.js';

export const INSTALL_AGAIN = 'npm install -g cargo-profile-bee   again; in a checkout: npm run build';

/** Whether libbee is there and is not to be loaded: of another libc, or of another version than what calls it. */
export function isUnfitLibrary(error: unknown): error is NativeError {
  return error instanceof NativeError && error.operation === 'load libbee';
}

export function explainUnfitLibrary(error: NativeError): Explanation {
  return explanation(error.operation, nativeErrorText(error), INSTALL_AGAIN);
}
