import { join } from 'node:path';
import { workingDirectory } from '../../../../run/working-directory.js';
import { viewerHere } from '../../outputs/open-flamegraph.js';
import { type Check, ok } from './check.js';

/** Whether a flamegraph opens automatically. If not, its path is printed, which is not a fault. */
export function displayCheck(env: NodeJS.ProcessEnv): Check {
  const flamegraph = join(workingDirectory() ?? '/', 'flamegraph.svg');
  // Checks for a run in a terminal, even if doctor's output goes elsewhere.
  const viewer = viewerHere({ env, isTerminal: true, wanted: undefined, flamegraph });
  switch (viewer.kind) {
    case 'none':
      return ok('display', `${viewer.why}: the path of the flamegraph is printed`);
    case 'browser':
      return ok('display', `flamegraphs open automatically, with ${viewer.words[0]}`);
    case 'windows':
      return ok('display', 'flamegraphs open automatically, in the Windows browser');
    case 'desktop':
      return ok('display', 'flamegraphs open automatically');
  }
}
