import { join } from 'node:path';

/** The checkout: compiled tests live in build/test/kernel. */
export const repositoryRoot = join(import.meta.dirname, '../../..');

export type BeeCommand = 'cargo-profile-bee' | 'profile-bee';

export function commandPath(command: BeeCommand): string {
  return join(repositoryRoot, 'bin', `${command}.cjs`);
}
