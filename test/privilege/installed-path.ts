import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { INSTALL_ROOT } from '../kernel/running/installed-sampler.js';

/** Of the sampler that `setup` has installed; the only one. */
export function installedPath(): string {
  const [version, ...more] = readdirSync(INSTALL_ROOT);
  if (version === undefined || more.length > 0) throw new Error(`not one version: ${version} ${more}`);
  return join(INSTALL_ROOT, version, 'bee-sampler');
}
