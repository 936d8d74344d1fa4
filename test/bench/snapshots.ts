import { openRun } from '../../src/index.js';
import { builtProgram } from '../kernel/running/fixture-programs.js';
import type { Figure } from './figure.js';

const SNAPSHOTS = 10;

/** CPU time of this process for each snapshot of a steady program, the first with its symbols. */
export async function snapshots(): Promise<Figure[]> {
  const command: [string, ...string[]] = [builtProgram('server'), '--seconds', '30'];
  const run = await openRun({ command, frequencyHz: 997, symbolCacheMiB: 0 });
  const costs: number[] = [];
  try {
    await run.start();
    for (let number = 0; number < SNAPSHOTS; number++) {
      await new Promise((resolve) => setTimeout(resolve, 1000));
      const begin = process.cpuUsage();
      (await run.snapshot()).functions();
      const { user, system } = process.cpuUsage(begin);
      costs.push((user + system) / 1000);
    }
    await run.stop();
  } finally {
    await run.close();
  }
  return [
    {
      name: 'tenth snapshot of a steady program, CPU time',
      measured: `${(costs.at(-1)! / costs[0]!).toFixed(2)} of the first (${costs.at(-1)!.toFixed(1)} ms)`,
      aim: '≤ 0.2',
      compared: `all: ${costs.map((cost) => cost.toFixed(1)).join(', ')} ms`,
    },
  ];
}
