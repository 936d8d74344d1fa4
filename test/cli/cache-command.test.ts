import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { symbolFolder } from '../../src/surfaces/cli/symbol-cache/cache-folder.js';
import { commandPath } from '../kernel/repository.js';

function cacheHome(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'bee-cache-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

function cache(home: string, ...args: string[]): { code: number | null; stdout: string; stderr: string } {
  const env = { ...process.env, XDG_CACHE_HOME: home };
  const command = [commandPath('profile-bee'), 'cache', ...args];
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { env, encoding: 'utf8' });
  return { code: status, stdout, stderr };
}

test('cache says where names are kept and how much room they take, and clears them', (t) => {
  const home = cacheHome(t);
  const folder = join(home, 'cargo-profile-bee', 'symbols');
  assert.equal(cache(home).stdout, `${folder}: 0 files, 0.0 MB\n`);
  assert.ok(!existsSync(folder), 'asking makes nothing');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'one'), Buffer.alloc(3 << 20));
  writeFileSync(join(folder, 'two'), '');
  writeFileSync(join(home, 'another'), '');
  assert.equal(cache(home, '--status').stdout, `${folder}: 2 files, 3.0 MB\n`);
  const cleared = cache(home, '--clear');
  assert.deepEqual(cleared, { code: 0, stdout: `removed 2 files, 3.0 MB from ${folder}\n`, stderr: '' });
  assert.deepEqual(readdirSync(folder), []);
  assert.ok(existsSync(join(home, 'another')));
});

test('a folder that cannot be read is an error', (t) => {
  const home = cacheHome(t);
  mkdirSync(join(home, 'cargo-profile-bee'));
  writeFileSync(join(home, 'cargo-profile-bee', 'symbols'), '');
  const { code, stderr } = cache(home, '--clear');
  assert.equal(code, 125);
  assert.match(stderr, /symbols: .*ENOTDIR/);
});

test('the folder is the one of the environment, and never root-made in the home of another', (t) => {
  const below = 'cargo-profile-bee/symbols';
  const home = cacheHome(t);
  const uid = process.geteuid!();
  assert.equal(symbolFolder({ XDG_CACHE_HOME: home, HOME: '/nowhere' }, uid), join(home, below));
  assert.equal(symbolFolder({ XDG_CACHE_HOME: 'relative', HOME: home }, uid), join(home, '.cache', below));
  assert.equal(symbolFolder({}, uid), undefined);
  if (uid !== 0) return;
  chownSync(home, 1, 1);
  assert.equal(symbolFolder({ HOME: home }, 0), undefined);
  assert.equal(symbolFolder({ HOME: home }, 1), join(home, '.cache', below));
});
