import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const GOLDEN_FOLDER = fileURLToPath(new URL('../../../fixtures/golden/', import.meta.url));

/**
 * Compares with the file `fixtures/golden/NAME`. A missing file fails; `UPDATE_GOLDEN=1` writes what was given
 * instead, for `git diff` to judge.
 */
export function assertGolden(actual: string, name: string): void {
  const path = join(GOLDEN_FOLDER, name);
  if (process.env.UPDATE_GOLDEN === '1') {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, actual);
  }
  assert(existsSync(path), `no golden file ${path}: UPDATE_GOLDEN=1 writes it`);
  assert.equal(actual, readFileSync(path, 'utf8'), `differs from ${path}: UPDATE_GOLDEN=1 rewrites it`);
}
