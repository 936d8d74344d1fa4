import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { repositoryRoot } from '../kernel/running/repository.js';
import { cacheDirectory } from './cache-directory.js';

/** The path of `fixtures/tokio-server` as profiles build it. */
export function builtTokioServer(): string {
  const target = cacheDirectory('tokio-server');
  const args = [
    'build',
    '--release',
    '--locked',
    '--config',
    'profile.release.debug=1',
    '--target-dir',
    target,
  ];
  execFileSync('cargo', args, { cwd: join(repositoryRoot, 'fixtures/tokio-server'), stdio: 'pipe' });
  return join(target, 'release/tokio-server');
}
