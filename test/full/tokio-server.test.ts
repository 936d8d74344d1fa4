import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { assertPerfAgrees } from '../kernel/assert-perf-agreement.js';
import { needsRoot } from '../kernel/needs-root.js';
import { repositoryRoot } from '../kernel/repository.js';
import { cacheDirectory } from './cache-directory.js';

function builtServer(): string {
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

test('a server on tokio: agrees with perf record --call-graph dwarf', needsRoot, () =>
  assertPerfAgrees([builtServer(), '60000']),
);
