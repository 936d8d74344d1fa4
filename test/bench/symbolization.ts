import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { ripgrepSources } from '../kernel/targets/ripgrep-sources.js';
import { randomCodeAddresses } from '../symbolize/agreement/random-addresses.js';
import { type Figure, megabytes, milliseconds, times } from './figure.js';
import { largeProgram } from './large-program.js';
import { addr2lineCpuNs, addr2lineCrate, libbee, llvmSymbolizerCpuNs } from './peer-symbolizers.js';
import { runWrapper } from './profiled-command.js';
import type { SymbolizationCost } from './symbolize-once.js';

const ADDRESSES = 10_000;
const RUNS = 3;

interface Aims {
  cpu: string;
  memory: string;
}

/** 10,000 random addresses of a program, whole chains, each run in a process of its own. */
export function symbolization(): Figure[] {
  const { targets } = runWrapper(['--release', '--bin', 'rg', '--', '--version'], ripgrepSources());
  const ripgrep = resolve(ripgrepSources(), targets[0]!.argv[0]!);
  return [
    ...figures('ripgrep', ripgrep, { cpu: '≤ 70 ms', memory: '≤ 15 MB' }),
    ...figures('a large program', largeProgram(), {
      cpu: '≤ 300 ms; libraries ≥ ×2.5, llvm-symbolizer ≥ ×8',
      memory: '≤ 25 MB',
    }),
  ];
}

function figures(what: string, path: string, aims: Aims): Figure[] {
  const addresses = randomCodeAddresses(path, ADDRESSES, 5);
  const sweep = cheapest(() => libbee(path, addresses, 'sweep', 'cpu'));
  const blazesym = cheapest(() => libbee(path, addresses, 'library', 'cpu'));
  const addr2line = cheapest(() => addr2lineCrate(path, addresses));
  const llvmNs = leastOf(() => llvmSymbolizerCpuNs(path, addresses));
  const binutilsNs = addr2lineCpuNs(path, addresses); // once: it takes a minute on large programs
  const bytes = (reader: 'sweep' | 'library') =>
    megabytes(libbee(path, addresses, reader, 'memory').privateBytes);
  const compared = (name: string, cpuNs: number) =>
    `${name} ${milliseconds(cpuNs)} (${times(cpuNs / sweep.cpuNs)})`;
  return [
    {
      name: `CPU of ${ADDRESSES} addresses of ${what}, ${megabytes(debugBytes(path))} of DWARF, ${sweep.frames} frames`,
      measured: milliseconds(sweep.cpuNs),
      aim: aims.cpu,
      compared: [
        compared('blazesym', blazesym.cpuNs),
        compared('addr2line crate', addr2line.cpuNs),
        compared('llvm-symbolizer', llvmNs),
        compared('addr2line -i', binutilsNs),
      ].join('; '),
    },
    {
      name: '… once more, from the names on disk',
      measured: milliseconds(cheapest(() => libbee(path, addresses, 'kept', 'cpu')).cpuNs),
      aim: '≤ 20 ms',
      compared: '',
    },
    {
      name: 'private memory of the sweep',
      measured: bytes('sweep'),
      aim: aims.memory,
      compared: `blazesym ${bytes('library')}; addr2line crate ${megabytes(addr2line.privateBytes)}`,
    },
  ];
}

/** Of a few runs the one that was disturbed least. */
function cheapest(run: () => SymbolizationCost): SymbolizationCost {
  const runs = Array.from({ length: RUNS }, run);
  return runs.reduce((best, one) => (one.cpuNs < best.cpuNs ? one : best));
}

function leastOf(run: () => number): number {
  return Math.min(...Array.from({ length: RUNS }, run));
}

function debugBytes(path: string): number {
  const listing = execFileSync('readelf', ['-SW', path], { encoding: 'utf8' });
  const sizes = listing.matchAll(/ \.debug_\w+ +PROGBITS +[0-9a-f]+ [0-9a-f]+ ([0-9a-f]+) /g);
  return [...sizes].reduce((sum, [, size = '']) => sum + Number.parseInt(size, 16), 0);
}
