import { findOnPath } from '../find-on-path.js';
import { canShowPicture } from '../open-picture.js';
import { type Check, ok, warning } from './check.js';

/** Whether a flamegraph opens by itself. Where it does not, its path is printed, which is no fault. */
export function displayCheck(env: NodeJS.ProcessEnv): Check {
  const isTerminal = true; // what a run in a terminal would do, wherever this answer goes
  if (!canShowPicture(env, isTerminal))
    return ok('display', `${whyNot(env)}: the path of the flamegraph is printed`);
  if (process.platform === 'darwin') return ok('display', 'flamegraphs open by themselves');
  const viewer = env.BROWSER ?? findOnPath('xdg-open', env.PATH);
  if (viewer !== undefined) return ok('display', `flamegraphs open by themselves, with ${viewer}`);
  const found = 'there is a display, but neither BROWSER nor xdg-open to open a flamegraph with';
  return warning('display', found, 'sudo apt install xdg-utils   or BROWSER=firefox');
}

function whyNot(env: NodeJS.ProcessEnv): string {
  if (env.CI) return 'this is a CI job';
  if (env.SSH_CONNECTION ?? env.SSH_TTY) return 'this is a session over SSH';
  const isWindows = Boolean(env.WSL_DISTRO_NAME);
  return `there is no display (DISPLAY, WAYLAND_DISPLAY)${isWindows ? ' in this WSL' : ''}`;
}
