import assert from 'node:assert/strict';
import { test } from 'node:test';
import { userEnvironment, withoutNpm } from '../../../src/run/targets/user-environment.js';

test('without npm above us the environment is ours', () => {
  assert.equal(userEnvironment(), process.env);
});

test('what npm adds goes, what it replaces comes back, what is set below it stays', () => {
  const original = { PATH: '/home/u/.cargo/bin:/usr/bin', EDITOR: 'ed', npm_config_mine: 'kept' };
  const env = {
    PATH: `/usr/bin:/w/node_modules/.bin:${original.PATH}`,
    EDITOR: 'vi',
    npm_config_mine: 'replaced',
    npm_command: 'exec',
    INIT_CWD: '/w',
    NODE: '/usr/bin/node',
    COLOR: '0',
    SET_BELOW: 'yes',
  };
  assert.deepEqual(withoutNpm(env, original), { ...original, SET_BELOW: 'yes' });
});

test('a PATH that somebody else changed stays', () => {
  assert.deepEqual(withoutNpm({ PATH: '/other' }, { PATH: '/usr/bin' }), { PATH: '/other' });
});
