import { execFileSync } from 'node:child_process';
import type { Chain, ChainFrame } from './chain.js';

export const LLVM_SYMBOLIZER = 'llvm-symbolizer-19';

interface LlvmFrame {
  FunctionName: string;
  FileName: string;
  Line: number;
  Column: number;
}

/** What llvm-symbolizer answers for each address, with linkage names. */
export function llvmChains(path: string, addresses: readonly bigint[]): Chain[] {
  const output = execFileSync(
    LLVM_SYMBOLIZER,
    ['--inlines', '--no-demangle', '--output-style=JSON', `--obj=${path}`],
    {
      input: addresses.map((address) => `0x${address.toString(16)}\n`).join(''),
      encoding: 'utf8',
      maxBuffer: 1 << 30,
      stdio: ['pipe', 'pipe', 'ignore'],
      env: { ...process.env, DEBUGINFOD_URLS: '' },
    },
  );
  const answers = output
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { Symbol?: LlvmFrame[] });
  return answers.map((answer) => (answer.Symbol ?? []).flatMap(toFrame));
}

/** It prints a frame of nothing where it knows nothing. */
function toFrame({ FunctionName, FileName, Line, Column }: LlvmFrame): ChainFrame[] {
  if (FunctionName === '' && FileName === '') return [];
  return [{ name: FunctionName, file: FileName, line: Line, column: Column }];
}
