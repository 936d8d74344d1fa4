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

/** The first function whose linkage name matches, from the symbol table. */
export function findSymbol(path: string, name: RegExp, ...nmOptions: string[]): SymbolRange {
  const [first] = symbolsOf(path, name, ...nmOptions);
  if (first === undefined) throw new Error(`no symbol ${name} in ${path}`);
  return first;
}

/** All functions whose linkage names match, by name. */
export function symbolsOf(path: string, name: RegExp, ...nmOptions: string[]): SymbolRange[] {
  const lines = execFileSync('nm', ['-S', ...nmOptions, path], { encoding: 'utf8' }).split('\n');
  return lines.flatMap((line) => {
    const [address, size, , symbol] = line.split(' ');
    const isMeant = symbol !== undefined && name.test(symbol);
    return isMeant ? [{ address: BigInt(`0x${address}`), size: BigInt(`0x${size}`) }] : [];
  });
}

export function addressesOf({ address, size }: SymbolRange): bigint[] {
  return Array.from({ length: Number(size) }, (_, offset) => address + BigInt(offset));
}
