import { chmodSync, cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The checkout: compiled tests live in build/test/kernel. */
export const repositoryRoot = join(import.meta.dirname, '../../../..');

export type BeeCommand = 'cargo-profile-bee' | 'profile-bee';

export function commandPath(command: BeeCommand, root = repositoryRoot): string {
  return join(root, 'bin', `${command}.cjs`);
}

export function nativeFile(name: 'bee-sampler' | 'bee-gate'): string {
  return join(repositoryRoot, 'prebuilds/linux-x64', name);
}

export function packageVersion(): string {
  return (JSON.parse(readFileSync(join(repositoryRoot, 'package.json'), 'utf8')) as { version: string })
    .version;
}

/** The commands where everybody may read them: a checkout can lie in a home folder that nobody else may enter. */
export function copyForEverybody(directory: string): string {
  chmodSync(directory, 0o755);
  for (const part of [
    'bin',
    'dist',
    'prebuilds',
    'package.json',
    'node_modules/koffi',
    'node_modules/@koromix',
  ]) {
    cpSync(join(repositoryRoot, part), join(directory, part), { recursive: true });
  }
  return directory;
}
