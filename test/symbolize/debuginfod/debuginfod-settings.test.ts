import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { debuginfodSettings } from '../../../src/symbolize/debuginfod/settings.js';
import { scratchDirectory } from '../../ffi/scratch-directory.js';

const URLS = { DEBUGINFOD_URLS: 'http://a' };

test('the cache is where the client has it', () => {
  const home = scratchDirectory('bee-home-');
  const folder = (env: Record<string, string>) =>
    debuginfodSettings({ ...URLS, HOME: home, ...env })?.cacheFolder;
  assert.equal(folder({}), join(home, '.cache/debuginfod_client'));
  assert.equal(folder({ XDG_CACHE_HOME: '/x' }), '/x/debuginfod_client');
  assert.equal(folder({ XDG_CACHE_HOME: '' }), join(home, '.cache/debuginfod_client'));
  assert.equal(folder({ XDG_CACHE_HOME: '/x', DEBUGINFOD_CACHE_PATH: '/y' }), '/y');
  mkdirSync(join(home, '.debuginfod_client_cache'));
  assert.equal(folder({ XDG_CACHE_HOME: '/x' }), join(home, '.debuginfod_client_cache'));
});

test('limits as the client reads them; zero and below are none', () => {
  const limits = (env: Record<string, string>) => {
    const { timeoutMs, maxTimeMs, maxBytes } = debuginfodSettings({ ...URLS, ...env })!;
    return [timeoutMs, maxTimeMs, maxBytes];
  };
  assert.deepEqual(limits({}), [90_000, undefined, 8 * 2 ** 30]);
  assert.deepEqual(
    limits({ DEBUGINFOD_TIMEOUT: '5s', DEBUGINFOD_MAXTIME: '7', DEBUGINFOD_MAXSIZE: '9' }),
    [5000, 7000, 9],
  );
  assert.deepEqual(limits({ DEBUGINFOD_TIMEOUT: '0', DEBUGINFOD_MAXTIME: '-1' }).slice(0, 2), [
    undefined,
    undefined,
  ]);
});

test('a server once, also behind a path; signatures that are asked for are not left out silently', () => {
  const urls = 'http://a http://a/ https://b/path ima:enforcing http://c ima:ignore http://d';
  const { servers, refused } = debuginfodSettings({ DEBUGINFOD_URLS: urls })!;
  assert.deepEqual(
    servers.map(({ href }) => href),
    ['http://a/', 'https://b/path/', 'http://d/'],
  );
  assert.deepEqual(refused, ['http://c follows ima:, but signatures are not checked here']);
});
