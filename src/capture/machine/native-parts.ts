import { findNativeFile, type NativeFileName, PREBUILT_PLATFORM } from '../../ffi/native-files.js';
import { CaptureError } from '../capture-error.js';

const PARTS: readonly NativeFileName[] = ['bee-gate', 'bee-sampler', 'libbee.so'];

/** Throws CaptureError (`no-native`) when a part that captures, or names frames, is not in this installation. */
export function checkNativeParts(platform = `${process.platform}-${process.arch}`): void {
  if (platform !== PREBUILT_PLATFORM) {
    const cause = `the native parts are there for ${PREBUILT_PLATFORM}, this is ${platform}`;
    throw new CaptureError('no-native', 'capture samples', cause);
  }
  for (const part of PARTS) requirePart(part);
}

function requirePart(part: NativeFileName): void {
  try {
    findNativeFile(part);
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    const advice = 'npm install -g cargo-profile-bee   again; in a checkout: npm run build';
    throw new CaptureError('no-native', 'capture samples', cause, advice);
  }
}
