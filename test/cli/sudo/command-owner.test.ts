import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { whoAnswers } from '../../../src/surfaces/cli/sudo/command-owner.js';
import { commandPath } from '../../kernel/running/repository.js';
import { scratchDirectory } from '../../kernel/running/scratch-directory.js';

function folder(...parts: string[]): string {
  const path = join(...parts);
  mkdirSync(path, { recursive: true });
  return path;
}

function program(directory: string, text = '#!/bin/sh\n', mode = 0o755): string {
  const path = join(directory, 'profile-bee');
  writeFileSync(path, text, { mode });
  return path;
}

function installation(directory: string): string {
  const bin = folder(directory, 'node_modules', 'cargo-profile-bee', 'bin');
  writeFileSync(join(bin, '../package.json'), '{ "name": "cargo-profile-bee" }');
  writeFileSync(join(bin, 'profile-bee.cjs'), '', { mode: 0o755 });
  return bin;
}

test('nobody answers', () => {
  const scratch = scratchDirectory();
  program(scratch, '', 0o644);
  folder(scratch, 'below', 'profile-bee');
  assert.equal(whoAnswers('profile-bee', `${scratch}:${scratch}/below:/nonexistent`), undefined);
});

test('a link into this package is ours, wherever it lies', () => {
  const scratch = scratchDirectory();
  symlinkSync(commandPath('profile-bee'), join(scratch, 'profile-bee'));
  const path = join(scratch, 'profile-bee');
  assert.deepEqual(whoAnswers('profile-bee', `/nonexistent:${scratch}`), { path, owner: 'ours' });
});

test('the first on PATH answers: another program hides ours', () => {
  const cargoBin = folder(scratchDirectory(), '.cargo', 'bin');
  const path = program(cargoBin, '\u007fELF'.padEnd(10_000, 'x'));
  const npmBin = scratchDirectory();
  symlinkSync(commandPath('profile-bee'), join(npmBin, 'profile-bee'));
  assert.deepEqual(whoAnswers('profile-bee', `${cargoBin}:${npmBin}`), { path, owner: 'foreign' });
  assert.equal(whoAnswers('profile-bee', `${npmBin}:${cargoBin}`)?.owner, 'ours');
});

test('another installation of this package', () => {
  const scratch = scratchDirectory();
  const bin = installation(scratch);
  symlinkSync(join(bin, 'profile-bee.cjs'), join(scratch, 'profile-bee'));
  assert.equal(whoAnswers('profile-bee', scratch)?.owner, 'copy');
  assert.equal(whoAnswers('profile-bee', scratch, join(bin, '..'))?.owner, 'ours');
});

test('a start script of pnpm leads to the package that it names', () => {
  const scratch = scratchDirectory();
  const bin = installation(scratch);
  const script = [
    '#!/bin/sh',
    `basedir=$(dirname "$(echo "$0" | sed -e 's,\\\\,/,g')")`,
    'exec node  "$basedir/../node_modules/cargo-profile-bee/bin/profile-bee.cjs" "$@"',
  ].join('\n');
  const path = program(folder(scratch, 'links'), script);
  assert.deepEqual(whoAnswers('profile-bee', join(scratch, 'links')), { path, owner: 'copy' });
  assert.equal(whoAnswers('profile-bee', join(scratch, 'links'), join(bin, '..'))?.owner, 'ours');
});
