import { findNativeFile, type NativeFileName, PREBUILT_PLATFORM } from '../../ffi/native-files.js';
import { CaptureError } from '../capture-error.js';

const PARTS: readonly NativeFileName[] = ['bee-gate', 'bee-sampler', 'libbee.so'];

/** Throws CaptureError (`no-native`) if this installation lacks a part that captures or symbolizes. */
export function checkNativeParts(platform = `${process.platform}-${process.arch}`): void {
  if (platform !== PREBUILT_PLATFORM) {
    throw new CaptureError({ code: 'no-native', why: 'platform', platform, available: PREBUILT_PLATFORM });
  }
  for (const part of PARTS) requirePart(part);
}

function requirePart(part: NativeFileName): void {
  try {
    findNativeFile(part);
  } catch (error) {
    throw new CaptureError({ code: 'no-native', why: 'missing', part }, error as Error);
  }
}
