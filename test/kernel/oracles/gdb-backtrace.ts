import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../running/repository.js';

export interface GdbFrame {
  module: string;
  /** The address at which to look a frame up, in the file's address space: of callers inside of their call. */
  offset: string;
}

/** Leaf first, up to _start; `breakAt`: let it run until it enters that function. */
export function gdbBacktrace(pid: number, breakAt = ''): GdbFrame[] {
  const script = join(repositoryRoot, 'test/kernel/oracles/gdb-frames.py');
  const args = ['-nx', '-batch', '-iex', 'set debuginfod enabled off', '-p', String(pid), '-x', script];
  const { stdout, stderr } = spawnSync('gdb', args, {
    encoding: 'utf8',
    env: { ...process.env, BEE_BREAK_AT: breakAt },
    timeout: 60_000,
  });
  const frames = [...stdout.matchAll(/^frame ([0-9a-f]+) ([01])$/gm)];
  assert.ok(frames.length > 2, `gdb: ${stdout.slice(-1000)} ${stderr.slice(-1000)}`);
  const mappings = mappingsOf(pid);
  return frames.map(([, pc, kind], index) => {
    const isTrampoline = kind === '1';
    const isCalled = index > 0 && !isTrampoline && frames[index - 1]![2] !== '1';
    return located(mappings, BigInt(`0x${pc}`) - (isCalled ? 1n : 0n));
  });
}

interface Mapping {
  begin: bigint;
  end: bigint;
  fileOffset: bigint;
  path: string;
}

function mappingsOf(pid: number): Mapping[] {
  const lines = readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n');
  return lines.flatMap((line) => {
    const match = /^([0-9a-f]+)-([0-9a-f]+) ..x. ([0-9a-f]+) \S+ \d+ +(.*)$/.exec(line);
    if (match === null) return [];
    const [begin = 0n, end = 0n, fileOffset = 0n] = match.slice(1, 4).map((hex) => BigInt(`0x${hex}`));
    return [{ begin, end, fileOffset, path: match[4]! }];
  });
}

function located(mappings: readonly Mapping[], address: bigint): GdbFrame {
  const mapping = mappings.find(({ begin, end }) => begin <= address && address < end);
  assert.ok(mapping !== undefined, `nothing is mapped at ${address.toString(16)}`);
  const offset = address - mapping.begin + mapping.fileOffset + displacementOf(mapping.path);
  return { module: mapping.path, offset: `0x${offset.toString(16)}` };
}

/** Between the address of a file's text and its place in the file: LLD makes them different. */
function displacementOf(path: string): bigint {
  if (!path.startsWith('/')) return 0n;
  const headers = execFileSync('readelf', ['-lW', path], { encoding: 'utf8' });
  const [, place = '', address = ''] = /^ +LOAD +(0x[0-9a-f]+) (0x[0-9a-f]+) .* R E /m.exec(headers) ?? [];
  return BigInt(address) - BigInt(place);
}
