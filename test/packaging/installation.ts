import assert from 'node:assert/strict';
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { scratchDirectory } from '../kernel/running/scratch-directory.js';
import type { Account } from './account.js';
import { packTarball } from './tarball.js';

/** `npm install TARBALL` in an empty folder, by `account`; returns the folder. */
export function installTarball(account: Account): string {
  const directory = scratchDirectory();
  chmodSync(directory, 0o755);
  if (account.uid !== undefined) chownSync(directory, account.uid, account.gid!);
  const run = runAs(account, directory, ['npm', 'install', '--no-audit', '--no-fund', packTarball().path]);
  assert.equal(run.status, 0, run.stderr);
  return directory;
}

/** Runs to the end; standard output and error as text. */
export function runAs(account: Account, cwd: string, command: readonly string[]): SpawnSyncReturns<string> {
  const [file, ...args] = command;
  return spawnSync(file!, args, { ...account, cwd, encoding: 'utf8', timeout: 300_000 });
}

/** What the files below occupy on the disk, as `du` counts it. */
export function diskBytes(path: string): number {
  const { blocks } = lstatSync(path);
  const below = lstatSync(path).isDirectory() ? readdirSync(path) : [];
  return below.reduce((sum, name) => sum + diskBytes(join(path, name)), blocks * 512);
}
