import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** What removes a project: a test, or `{ after }` of node:test for all tests of a file. */
export interface Cleanup {
  after(remove: () => void): void;
}

/** A project in a temporary directory (with a space in its path), removed with `t`. Paths → texts; a `#!` can run. */
export function cargoProject(t: Cleanup, files: Readonly<Record<string, string>>): string {
  const directory = mkdtempSync(join(tmpdir(), 'bee cargo '));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), text, { mode: text.startsWith('#!') ? 0o755 : 0o644 });
  }
  return directory;
}

export function manifest(name: string, more = ''): string {
  return `[package]\nname = "${name}"\nversion = "0.1.0"\nedition = "2021"\n${more}\n`;
}

/** The environment of the tests without what an outer cargo left in it. */
export function offlineEnvironment(): NodeJS.ProcessEnv {
  const { CARGO_TARGET_DIR: _target, CARGO_BUILD_TARGET: _triple, ...env } = process.env;
  return { ...env, CARGO_NET_OFFLINE: 'true' };
}
