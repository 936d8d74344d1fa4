import { findNativeFile } from '../../ffi/native-files.js';
import { installedSamplers } from './installed-sampler.js';

/** Path of the copy of this package's sampler that an administrator has installed, and this user may start. */
export function findSetupCopy(): string | undefined {
  return installedSamplers(findNativeFile('bee-sampler')).find(({ kind }) => kind === 'same')?.path;
}
