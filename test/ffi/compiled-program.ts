import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { scratchDirectory } from './scratch-directory.js';

export interface CompiledProgram {
  path: string;
  sourcePath: string;
}

/** Compiles one source file in a directory of its own; `{out}` and `{source}` in the arguments are replaced. */
export function compileProgram(
  compiler: string,
  sourceName: string,
  source: string,
  args: readonly string[],
): CompiledProgram {
  const directory = scratchDirectory('bee-symbols-');
  const sourcePath = join(directory, sourceName);
  const path = join(directory, 'program');
  writeFileSync(sourcePath, source);
  execFileSync(compiler, [...args, sourcePath, '-o', path], { cwd: directory, stdio: 'pipe' });
  return { path, sourcePath };
}

export interface SymbolRange {
  address: bigint;
  size: bigint;
}

/** The one function whose linkage name matches, from the symbol table. */
export function findSymbol(path: string, name: RegExp, ...nmOptions: string[]): SymbolRange {
  const lines = execFileSync('nm', ['-S', ...nmOptions, path], { encoding: 'utf8' }).split('\n');
  for (const line of lines) {
    const [address, size, , symbol] = line.split(' ');
    if (symbol !== undefined && name.test(symbol))
      return { address: BigInt(`0x${address}`), size: BigInt(`0x${size}`) };
  }
  throw new Error(`no symbol ${name} in ${path}`);
}

export function addressesOf({ address, size }: SymbolRange): bigint[] {
  return Array.from({ length: Number(size) }, (_, offset) => address + BigInt(offset));
}
