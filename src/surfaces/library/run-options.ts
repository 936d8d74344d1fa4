import type { StdioOptions } from 'node:child_process';

/** What is profiled, either `command` or `pid`, and how. */
export interface RunOptions {
  /** A program and its arguments, started by `start`. */
  command?: readonly [string, ...string[]];
  /** Of the command; as for `spawn`. Its standard streams are this process's by default. */
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  stdio?: StdioOptions;
  /** Running processes. */
  pid?: number | readonly number[];
  /** With `pid`: whether their children are profiled too. Default: true. */
  children?: boolean;
  /** Samples per second of CPU time. Default: 99. */
  frequencyHz?: number;
  /** Default: `cpu-clock`. */
  event?: string;
  /** Default: `dwarf`. */
  unwind?: 'dwarf' | 'fp';
  /** Memory for unwind tables. Default: 40. */
  tableMiB?: number;
  /** Default: `full`. */
  demangle?: 'full' | 'simple' | 'none';
  /** Roots of the stacks. Default: `binary` if several ran, `process` if several were named, else `none`. */
  groupBy?: 'binary' | 'process' | 'thread' | 'test' | 'none';
  /** Size limit of the symbol cache on disk; 0 turns it off. Default: 256. */
  symbolCacheMiB?: number;
}
