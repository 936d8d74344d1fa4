import { constants } from 'node:os';
import { CaptureError, type CaptureErrorCode } from '../../capture/capture-error.js';
import { CargoFailure } from '../../cargo/cargo-failure.js';
import { Interrupted } from './interrupts.js';
import type { ExitStatus } from './summary.js';
import type { Terminal } from './terminal.js';
import { UsageProblem } from './usage-problem.js';

const USAGE = { code: 2, source: 'usage', signal: null } as const;
const PRIVILEGE = { code: 77, source: 'privilege', signal: null } as const;
const PROFILER = { code: 125, source: 'profiler', signal: null } as const;

const STATUS_OF_CAPTURE_ERROR: Record<CaptureErrorCode, ExitStatus> = {
  'not-privileged': PRIVILEGE,
  'not-permitted': PRIVILEGE,
  'no-such-process': USAGE,
  'event-unsupported': USAGE,
  'no-native': PROFILER,
  kernel: PROFILER,
  sampler: PROFILER,
};

/** Says what was attempted, why it failed and what to type next; returns the exit status that it means. */
export function explain(error: unknown, terminal: Terminal): ExitStatus {
  if (error instanceof UsageProblem) {
    sayFailure(terminal, error.message, error.advice);
    return USAGE;
  }
  if (error instanceof CaptureError) {
    sayFailure(terminal, error.message, error.advice);
    return STATUS_OF_CAPTURE_ERROR[error.code];
  }
  if (error instanceof CargoFailure) {
    if (!error.stderrShown) terminal.error(error.message);
    if (error.hint !== '') process.stderr.write(`${error.hint}\n`);
    return { code: error.exitCode, source: 'cargo', signal: null };
  }
  if (error instanceof Interrupted) {
    terminal.error(error.message);
    return { code: 128 + constants.signals[error.signal], source: 'profiler', signal: error.signal };
  }
  const message = error instanceof Error ? error.message : String(error);
  sayFailure(terminal, `the profiler failed: ${message}`, '--verbose   shows where; please report it');
  if (error instanceof Error && error.stack !== undefined) terminal.detail(error.stack);
  return PROFILER;
}

export function sayFailure(terminal: Terminal, message: string, advice: string): void {
  terminal.error(message);
  if (advice !== '') for (const line of advice.split('\n')) process.stderr.write(`  ${line}\n`);
}
