import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { compileProgram, findSymbol } from '../../ffi/compiled-program.js';

const SOURCE = `static __attribute__((noinline)) int hidden(int a) { return a * a * 7 + 1; }
int main(int count, char **words) { return hidden(count) + words[0][0]; }
`;

/** A program without symbols, and its debug file that is nowhere on disk. */
export interface StrippedProgram {
  path: string;
  buildId: string;
  debugFile: Buffer;
  /** In the function `hidden`. */
  address: bigint;
}

export function strippedProgram(...flags: string[]): StrippedProgram {
  const { path } = compileProgram('gcc', 'program.c', SOURCE, ['-O2', '-g', '-Wl,--build-id', ...flags]);
  const { address } = findSymbol(path, /^hidden$/);
  execFileSync('objcopy', ['--only-keep-debug', path, `${path}.debug`]);
  execFileSync('strip', [path]);
  const debugFile = readFileSync(`${path}.debug`);
  rmSync(`${path}.debug`);
  return { path, buildId: buildIdOf(path), debugFile, address };
}

export function buildIdOf(path: string): string {
  const notes = execFileSync('readelf', ['-n', path], { encoding: 'utf8' });
  return /Build ID: ([0-9a-f]+)/.exec(notes)?.[1] ?? '';
}
