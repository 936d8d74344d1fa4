import { findNativeFile } from '../../ffi/native-files.js';
import { installedSamplers } from './installed-sampler.js';

/** Path of the installed copy of this package's sampler, if this user may start it. */
export function findSetupCopy(): string | undefined {
  return installedSamplers(findNativeFile('bee-sampler')).find(({ kind }) => kind === 'same')?.path;
}
