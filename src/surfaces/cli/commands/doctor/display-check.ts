import { join } from 'node:path';
import { workingDirectory } from '../../../../run/working-directory.js';
import { viewerHere } from '../../outputs/open-flamegraph.js';
import { type Check, ok } from './check.js';

/** Whether a flamegraph opens by itself. Where it does not, its path is printed, which is no fault. */
export function displayCheck(env: NodeJS.ProcessEnv): Check {
  const picture = join(workingDirectory() ?? '/', 'flamegraph.svg');
  // What a run in a terminal would do, wherever this answer goes.
  const viewer = viewerHere({ env, isTerminal: true, wanted: undefined, picture });
  switch (viewer.kind) {
    case 'none':
      return ok('display', `${viewer.why}: the path of the flamegraph is printed`);
    case 'browser':
      return ok('display', `flamegraphs open by themselves, with ${viewer.words[0]}`);
    case 'windows':
      return ok('display', 'flamegraphs open by themselves, in the browser of Windows');
    case 'desktop':
      return ok('display', 'flamegraphs open by themselves');
  }
}
