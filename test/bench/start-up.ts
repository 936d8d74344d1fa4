import { spawnSync } from 'node:child_process';
import { commandPath } from '../kernel/running/repository.js';
import { type Figure, median, milliseconds, times } from './figure.js';

const repetitions = 21;

/** `--help` of the bundled command over a Node that does nothing: what every call pays before it works. */
export function startUp(): Figure[] {
  const bare: number[] = [];
  const help: number[] = [];
  for (let run = 0; run < repetitions; run += 1) {
    bare.push(wallNs(['-e', '0']));
    help.push(wallNs([commandPath('cargo-profile-bee'), '--help']));
  }
  return [
    {
      name: `--help over bare node, median of ${repetitions}`,
      measured: `${times(median(help) / median(bare))} (${milliseconds(median(help))})`,
      aim: '≤ ×2.2',
      compared: `node -e 0: ${milliseconds(median(bare))}`,
    },
  ];
}

/** Reading NODE_EXTRA_CA_CERTS costs every Node process more than all of this; it is not ours to measure. */
function wallNs(args: string[]): number {
  const env = { ...process.env, NODE_EXTRA_CA_CERTS: undefined };
  const start = process.hrtime.bigint();
  const run = spawnSync(process.execPath, args, { env, stdio: 'ignore' });
  if (run.status !== 0) throw new Error(`node ${args.join(' ')} ended with ${run.status}`);
  return Number(process.hrtime.bigint() - start);
}
