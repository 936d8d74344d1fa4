import { readFileSync } from 'node:fs';

/** A line of `--raw-samples`. */
export interface RawLine {
  timeNs?: number;
  pid: number;
  tid: number;
  comm: string;
  cpu?: number;
  count: number;
  outcome: string;
  frames: RawFrame[];
}

export interface RawFrame {
  module: string;
  buildId: string;
  offset: string;
  rule: string;
}

export function readRawSamples(path: string): RawLine[] {
  const lines = readFileSync(path, 'utf8').split('\n');
  return lines.slice(0, -1).map((line) => JSON.parse(line) as RawLine);
}

export function isKernelFrame({ rule }: RawFrame): boolean {
  return rule === 'kernel';
}
