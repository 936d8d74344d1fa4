import { contextSwitches } from './context-switches.js';
import { eightRuns } from './eight-runs.js';
import { exitToOutput } from './exit-to-output.js';
import { type Figure, markdownTable } from './figure.js';
import { samplingCost } from './sampling-cost.js';
import { snapshots } from './snapshots.js';
import { startUp } from './start-up.js';
import { symbolization } from './symbolization.js';
import { unwinding } from './unwinding.js';
import { wrapperOverhead } from './wrapper-overhead.js';

const groups: [name: string, measure: () => Figure[] | Promise<Figure[]>][] = [
  ['start-up', startUp],
  ['wrapper', wrapperOverhead],
  ['sampling cost', samplingCost],
  ['unwinding', unwinding],
  ['context switches', contextSwitches],
  ['symbolization', symbolization],
  ['exit to output', exitToOutput],
  ['eight runs', eightRuns],
  ['snapshots', snapshots],
];

/**
 * Measures the groups whose name contains `only` (all without it) and prints one Markdown table. A group that
 * fails leaves a line with the reason; nothing here passes or fails.
 */
export async function runBenchmarks(only = ''): Promise<void> {
  const chosen = groups.filter(([name]) => name.includes(only));
  const figures: Figure[] = [];
  for (const [name, measure] of chosen) figures.push(...(await measureGroup(name, measure)));
  console.log(markdownTable(figures));
}

async function measureGroup(name: string, measure: () => Figure[] | Promise<Figure[]>): Promise<Figure[]> {
  process.stderr.write(`measuring ${name} …\n`);
  try {
    return await measure();
  } catch (error) {
    const [reason = ''] = String(error).split('\n');
    return [{ name, measured: `not measured: ${reason.replaceAll('|', '\\|')}`, aim: '', compared: '' }];
  }
}
