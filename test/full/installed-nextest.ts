import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { cacheDirectory } from './cache-directory.js';

const VERSION = '0.9.151';

/** The folder of `cargo-nextest`, built once into the cache (unoptimized, without self-update: 3 minutes of CPU time). */
export function installedNextest(): string {
  const root = cacheDirectory(`cargo-nextest-${VERSION}`);
  const bin = join(root, 'bin');
  if (existsSync(join(bin, 'cargo-nextest'))) return bin;
  const options = ['--locked', '--version', VERSION, '--no-default-features', '--debug', '--root', root];
  execFileSync('cargo', ['install', ...options, 'cargo-nextest'], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  return bin;
}
