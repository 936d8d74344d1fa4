import { execFileSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { ripgrepSources } from '../kernel/ripgrep-sources.js';
import { LLVM_SYMBOLIZER } from '../symbolize/agreement/llvm-symbolizer.js';
import { randomCodeAddresses } from '../symbolize/agreement/random-addresses.js';
import { type Figure, megabytes, milliseconds, times } from './figure.js';
import { runWrapper } from './profiled-command.js';
import type { SymbolizationCost } from './symbolize-once.js';

const ADDRESSES = 10_000;
const RUNS = 3;
/** One thread, and one that the others do not push about. */
const ONE_CPU = ['taskset', '-c', '0'];

/** 10,000 random addresses of ripgrep, whole chains, each run in a process of its own. */
export function symbolization(): Figure[] {
  const { targets } = runWrapper(['--release', '--bin', 'rg', '--', '--version'], ripgrepSources());
  const path = resolve(ripgrepSources(), targets[0]!.argv[0]!);
  const sweep = cheapest(() => symbolizeOnce(path, 'sweep'));
  const library = cheapest(() => symbolizeOnce(path, 'library'));
  const llvmNs = Math.min(...Array.from({ length: RUNS }, () => llvmCpuNs(path)));
  const compared = (name: string, cpuNs: number) =>
    `${name} ${milliseconds(cpuNs)} (${times(cpuNs / sweep.cpuNs)})`;
  return [
    {
      name: `CPU of ${ADDRESSES} addresses of ripgrep, ${sweep.frames} frames`,
      measured: milliseconds(sweep.cpuNs),
      aim: '≤ 70 ms',
      compared: `${compared('blazesym', library.cpuNs)}; ${compared('llvm-symbolizer', llvmNs)}`,
    },
    {
      name: 'private memory of that',
      measured: megabytes(sweep.privateBytes),
      aim: '≤ 15 MB',
      compared: `blazesym ${megabytes(library.privateBytes)}`,
    },
  ];
}

/** Of a few runs the one that was disturbed least. */
function cheapest(run: () => SymbolizationCost): SymbolizationCost {
  const runs = Array.from({ length: RUNS }, run);
  return runs.reduce((best, one) => (one.cpuNs < best.cpuNs ? one : best));
}

function symbolizeOnce(path: string, reader: 'sweep' | 'library'): SymbolizationCost {
  const [command = '', ...args] = [
    ...ONE_CPU,
    process.execPath,
    join(import.meta.dirname, 'symbolize-once.js'),
  ];
  const output = execFileSync(command, [...args, path, String(ADDRESSES), reader], { encoding: 'utf8' });
  return JSON.parse(output) as SymbolizationCost;
}

/** User and system time, as bash's `time` tells it in seconds. */
function llvmCpuNs(path: string): number {
  const input = randomCodeAddresses(path, ADDRESSES, 5).map((address) => `0x${address.toString(16)}\n`);
  const script = `TIMEFORMAT='%U %S'; { time "$@" >/dev/null 2>&1; } 2>&1`;
  const command = [...ONE_CPU, LLVM_SYMBOLIZER, '--inlines', `--obj=${path}`];
  const output = execFileSync('bash', ['-c', script, 'bash', ...command], {
    input: input.join(''),
    encoding: 'utf8',
  });
  const [user = 0, system = 0] = output.trim().split(' ').map(Number);
  return (user + system) * 1e9;
}
