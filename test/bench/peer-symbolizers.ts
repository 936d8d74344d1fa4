import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { cacheDirectory } from '../full/cache-directory.js';
import { repositoryRoot } from '../kernel/running/repository.js';
import { LLVM_SYMBOLIZER } from '../symbolize/agreement/llvm-symbolizer.js';
import type { Reader, SymbolizationCost } from './symbolize-once.js';

/** One thread, and one that the others do not push about. */
const ONE_CPU = ['taskset', '-c', '0'];

/** libbee in a process of its own: the sweep, or blazesym. CPU time and memory are not measured in the same run. */
export function libbee(
  path: string,
  addresses: readonly bigint[],
  reader: Reader,
  meant: 'cpu' | 'memory',
): SymbolizationCost {
  const script = join(import.meta.dirname, 'symbolize-once.js');
  return costOf([process.execPath, script, path, reader, meant], addresses);
}

/** The crate, through `native/addr2line`. */
export function addr2lineCrate(path: string, addresses: readonly bigint[]): SymbolizationCost {
  const target = cacheDirectory('addr2line');
  const manifest = join(repositoryRoot, 'native/addr2line/Cargo.toml');
  const args = ['build', '--release', '--locked', '--manifest-path', manifest, '--target-dir', target];
  execFileSync('cargo', args, { stdio: 'pipe' });
  return costOf([join(target, 'release/bee-addr2line'), path], addresses);
}

export function llvmSymbolizerCpuNs(path: string, addresses: readonly bigint[]): number {
  return cpuNs([LLVM_SYMBOLIZER, '--inlines', `--obj=${path}`], addresses);
}

/** That of binutils. */
export function addr2lineCpuNs(path: string, addresses: readonly bigint[]): number {
  return cpuNs(['addr2line', '-i', '-f', '-C', '-e', path], addresses);
}

/** As the command itself measures and prints it. */
function costOf(command: readonly string[], addresses: readonly bigint[]): SymbolizationCost {
  const [first = '', ...args] = [...ONE_CPU, ...command];
  return JSON.parse(execFileSync(first, args, { input: lines(addresses), encoding: 'utf8' }));
}

/** User and system time, as bash's `time` tells it in seconds. */
function cpuNs(command: readonly string[], addresses: readonly bigint[]): number {
  const script = `TIMEFORMAT='%U %S'; { time "$@" >/dev/null 2>&1; } 2>&1`;
  const args = ['-c', script, 'bash', ...ONE_CPU, ...command];
  const output = execFileSync('bash', args, { input: lines(addresses), encoding: 'utf8' });
  const [user = 0, system = 0] = output.trim().split(' ').map(Number);
  return (user + system) * 1e9;
}

function lines(addresses: readonly bigint[]): string {
  return addresses.map((address) => `0x${address.toString(16)}\n`).join('');
}
