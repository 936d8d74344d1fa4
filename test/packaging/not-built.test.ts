import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { repositoryRoot } from '../kernel/running/repository.js';
import { scratchDirectory } from '../kernel/running/scratch-directory.js';

/** A checkout with what was built, or without. */
function checkout(isBuilt: boolean): string {
  const directory = scratchDirectory();
  const parts = ['package.json', 'bin', 'README.md', ...(isBuilt ? ['dist', 'prebuilds'] : [])];
  for (const part of parts) cpSync(join(repositoryRoot, part), join(directory, part), { recursive: true });
  return directory;
}

function npmPack(directory: string) {
  const run = spawnSync('npm', ['pack'], { cwd: directory, encoding: 'utf8' });
  return { ...run, tarballs: readdirSync(directory).filter((name) => name.endsWith('.tgz')) };
}

test('npm pack in a checkout that was not built: a sentence, and no tarball', () => {
  const { status, stderr, tarballs } = npmPack(checkout(false));
  assert.notEqual(status, 0);
  assert.match(stderr, /^cannot pack: dist\/cli\.cjs, .*libbee\.so.* not built yet; npm run build /m);
  assert.deepEqual(tarballs, []);
});

test('one part is missing: it is named', () => {
  const directory = checkout(true);
  rmSync(join(directory, 'prebuilds/linux-x64/bee-gate'));
  const { stderr, tarballs } = npmPack(directory);
  assert.match(stderr, /^cannot pack: prebuilds\/linux-x64\/bee-gate not built yet/m);
  assert.deepEqual(tarballs, []);
});

test('a bundle of another version is not packed', () => {
  const directory = checkout(true);
  const manifest = {
    name: 'cargo-profile-bee',
    version: '99.0.0',
    scripts: { prepack: 'node bin/dev/check-package.mjs' },
  };
  writeFileSync(join(directory, 'package.json'), JSON.stringify(manifest));
  const { stderr, tarballs } = npmPack(directory);
  assert.match(stderr, /^cannot pack: dist\/cli\.cjs was not built for version 99\.0\.0; npm run build /m);
  assert.deepEqual(tarballs, []);
});

test('what was built is packed', () => {
  assert.equal(npmPack(checkout(true)).tarballs.length, 1);
});
