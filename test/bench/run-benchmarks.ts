import { contextSwitches } from './context-switches.js';
import { exitToOutput } from './exit-to-output.js';
import { type Figure, markdownTable } from './figure.js';
import { samplingCost } from './sampling-cost.js';
import { startUp } from './start-up.js';
import { symbolization } from './symbolization.js';
import { unwinding } from './unwinding.js';
import { wrapperOverhead } from './wrapper-overhead.js';

const groups: [name: string, measure: () => Figure[]][] = [
  ['start-up', startUp],
  ['wrapper', wrapperOverhead],
  ['sampling cost', samplingCost],
  ['unwinding', unwinding],
  ['context switches', contextSwitches],
  ['symbolization', symbolization],
  ['exit to output', exitToOutput],
];

/**
 * Measures the groups whose name contains `only` (all without it) and prints one Markdown table. A group that
 * fails leaves a line with the reason; nothing here passes or fails.
 */
export function runBenchmarks(only = ''): void {
  const chosen = groups.filter(([name]) => name.includes(only));
  const figures = chosen.flatMap(([name, measure]) => measureGroup(name, measure));
  console.log(markdownTable(figures));
}

function measureGroup(name: string, measure: () => Figure[]): Figure[] {
  process.stderr.write(`measuring ${name} …\n`);
  try {
    return measure();
  } catch (error) {
    const [reason = ''] = String(error).split('\n');
    return [{ name, measured: `not measured: ${reason.replaceAll('|', '\\|')}`, aim: '', compared: '' }];
  }
}
