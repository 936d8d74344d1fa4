import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canShowPicture } from '../../src/surfaces/cli/open-picture.js';

const DESKTOP = { DISPLAY: ':0' };

const cases: { name: string; env: NodeJS.ProcessEnv; isTerminal?: boolean; opens: boolean }[] = [
  { name: 'a terminal with an X display', env: DESKTOP, opens: true },
  { name: 'a terminal with a Wayland display', env: { WAYLAND_DISPLAY: 'wayland-0' }, opens: true },
  { name: 'a terminal without a display', env: {}, opens: false },
  { name: 'no terminal', env: DESKTOP, isTerminal: false, opens: false },
  {
    name: 'over SSH, display forwarded',
    env: { ...DESKTOP, SSH_CONNECTION: '1.2.3.4 5 6.7.8.9 22' },
    opens: false,
  },
  { name: 'over SSH with only its terminal named', env: { ...DESKTOP, SSH_TTY: '/dev/pts/1' }, opens: false },
  { name: 'in CI', env: { ...DESKTOP, CI: 'true' }, opens: false },
];

for (const { name, env, isTerminal = true, opens } of cases) {
  test(`${name}: ${opens ? 'opens' : 'only prints the path'}`, { skip: process.platform !== 'linux' }, () => {
    assert.equal(canShowPicture(env, isTerminal), opens);
  });
}
