import { execFileSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../kernel/running/repository.js';
import { scratchDirectory } from '../kernel/running/scratch-directory.js';

export interface Tarball {
  /** Absolute path of the .tgz, which everybody may read. */
  path: string;
  /** What `package/` holds. */
  files: { path: string; size: number; mode: number }[];
}

let packed: Tarball | undefined;

/** What `npm publish` would upload, packed once per test process. */
export function packTarball(): Tarball {
  packed ??= pack();
  return packed;
}

function pack(): Tarball {
  const directory = scratchDirectory();
  chmodSync(directory, 0o755);
  const args = ['pack', '--json', '--pack-destination', directory];
  const output = execFileSync('npm', args, { cwd: repositoryRoot, encoding: 'utf8', stdio: 'pipe' });
  const [{ filename, files }] = JSON.parse(output) as [{ filename: string; files: Tarball['files'] }];
  return { path: join(directory, filename), files };
}

/** The tarball's files unpacked; returns the folder `package`. */
export function unpackTarball(): string {
  const directory = scratchDirectory();
  execFileSync('tar', ['-xzf', packTarball().path, '-C', directory]);
  return join(directory, 'package');
}
