import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { symbolCacheFolder } from '../../../src/run/symbol-cache/cache-folder.js';
import { commandPath } from '../../kernel/running/repository.js';

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
  assert.equal(symbolCacheFolder({ XDG_CACHE_HOME: home, HOME: '/nowhere' }, uid), join(home, below));
  assert.equal(
    symbolCacheFolder({ XDG_CACHE_HOME: 'relative', HOME: home }, uid),
    join(home, '.cache', below),
  );
  assert.equal(symbolCacheFolder({}, uid), undefined);
  if (uid !== 0) return;
  chownSync(home, 1, 1);
  assert.equal(symbolCacheFolder({ HOME: home }, 0), undefined);
  assert.equal(symbolCacheFolder({ HOME: home }, 1), join(home, '.cache', below));
});

const asRoot = { skip: process.getuid?.() === 0 ? false : 'gives files to others' };

test('root has no cache where another user could lead it elsewhere', asRoot, (t) => {
  const home = cacheHome(t);
  const target = cacheHome(t);
  const folderWith = (prepare: (cache: string) => void): string | undefined => {
    const cache = join(home, '.cache');
    rmSync(cache, { recursive: true, force: true });
    prepare(cache);
    return symbolCacheFolder({ HOME: home }, 0);
  };
  const below = 'cargo-profile-bee/symbols';
  assert.equal(
    folderWith(() => {}),
    join(home, '.cache', below),
  );
  assert.equal(
    folderWith((cache) => symlinkSync(target, cache)),
    join(home, '.cache', below),
    'a link of root’s to a folder of root’s',
  );
  const others: Record<string, (cache: string) => void> = {
    'a user’s link': (cache) => {
      symlinkSync(target, cache);
      lchownSync(cache, 1, 1);
    },
    'a user’s folder below': (cache) => {
      mkdirSync(join(cache, 'cargo-profile-bee'), { recursive: true });
      chownSync(join(cache, 'cargo-profile-bee'), 1, 1);
    },
    'a folder that everybody may write into': (cache) => {
      mkdirSync(cache);
      chmodSync(cache, 0o777);
    },
    'a name that is free in a folder of everybody’s': (cache) => {
      mkdirSync(cache);
      chmodSync(cache, 0o1777);
    },
    'a link of root’s into a user’s folder': (cache) => {
      chownSync(target, 1, 1);
      symlinkSync(target, cache);
    },
  };
  for (const [what, prepare] of Object.entries(others)) assert.equal(folderWith(prepare), undefined, what);
});
