import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { cacheDirectory } from '../full/cache-directory.js';

const VERSION = '0.9.151';

/** cargo-nextest, optimized and with all debug information; built once into the cache: 22 minutes on two busy cores. */
export function largeProgram(): string {
  const root = cacheDirectory(`cargo-nextest-${VERSION}-release`);
  const path = join(root, 'bin/cargo-nextest');
  if (existsSync(path)) return path;
  execFileSync('cargo', ['install', '--locked', '--version', VERSION, '--root', root, 'cargo-nextest'], {
    env: { ...process.env, CARGO_PROFILE_RELEASE_DEBUG: '2' },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  return path;
}
