import type { ProblemCode } from '../../../account/problems/problem-codes.js';
import { ProblemList } from '../../../account/problems/problem-list.js';
import type { ExitStatus } from '../../../account/summary.js';
import { CaptureError } from '../../../capture/capture-error.js';
import { CargoFailure } from '../../../cargo/build/cargo-failure.js';
import { UsageError } from '../../../cargo/command/usage-error.js';
import { Interrupted } from '../../../run/signals/interrupts.js';
import { signalNumber } from '../../../run/signals/signal-name.js';
import { isOfWorkingDirectory } from '../../../run/working-directory.js';
import { WriteFailure } from '../outputs/write-failure.js';
import type { Terminal } from '../terminal/terminal.js';
import { explainCapture } from './errors/capture-error-texts.js';
import { PROFILER, statusOfCaptureError, USAGE } from './errors/exit-status.js';
import { type Explanation, sentenceOf } from './errors/explanation.js';
import { systemErrorText } from './errors/phrases/system-error-text.js';
import { explainUnfitLibrary, isUnfitLibrary } from './errors/unfit-library.js';

/**
 * Says what was attempted, why it failed and what to type next; notes it for the summary; returns the exit status that
 * it means.
 */
export function explain(error: unknown, terminal: Terminal, problems = new ProblemList()): ExitStatus {
  const { code, status, message, advice } = understand(error);
  problems.add({ code, message });
  if (!(error instanceof CargoFailure && error.stderrShown)) sayLines(error, message, terminal);
  for (const line of advice.split('\n')) if (line !== '') terminal.below(line);
  if (code === 'internal' && error instanceof Error) terminal.detail(error.stack ?? '');
  return status;
}

/** Programs that we asked may have answered in lines. In what is typed, a line's end is part of a name. */
function sayLines(error: unknown, message: string, terminal: Terminal): void {
  const isOurs = error instanceof UsageError || error instanceof WriteFailure;
  const [first = '', ...rest] = isOurs ? [message] : message.split('\n');
  terminal.error(first);
  for (const line of rest) terminal.below(line);
}

interface Understood {
  /** For the summary's problems. */
  code: ProblemCode;
  status: ExitStatus;
  message: string;
  /** A line for each way out; may be empty. */
  advice: string;
}

function understand(error: unknown): Understood {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof UsageError) return { code: 'usage', status: USAGE, message, advice: error.advice };
  if (error instanceof CaptureError)
    return understood(error.code, statusOfCaptureError(error), explainCapture(error));
  if (isUnfitLibrary(error)) return understood('no-native', PROFILER, explainUnfitLibrary(error));
  if (error instanceof CargoFailure) {
    const status = { code: error.exitCode, source: 'cargo', signal: null } as const;
    return { code: 'cargo', status, message, advice: error.advice };
  }
  if (error instanceof Interrupted) {
    const code = 128 + signalNumber(error.signal);
    const status = { code, source: 'profiler', signal: error.signal } as const;
    return { code: 'interrupted', status, message, advice: '' };
  }
  if (error instanceof WriteFailure)
    return { code: 'unwritable-output', status: PROFILER, message, advice: '' };
  if (isOfWorkingDirectory(error)) {
    const message = 'the working directory is gone: it was removed after this shell went there';
    const advice = 'cd "$PWD"   if it was made again, or cd to another folder';
    return { code: 'no-working-directory', status: USAGE, message, advice };
  }
  if (isFileError(error))
    return { code: 'internal', status: PROFILER, message: fileMessage(error), advice: '' };
  const advice = '--verbose   shows where; please report it';
  return { code: 'internal', status: PROFILER, message: `the profiler failed: ${message}`, advice };
}

function understood(code: ProblemCode, status: ExitStatus, explanation: Explanation): Understood {
  return { code, status, message: sentenceOf(explanation), advice: explanation.advice.join('\n') };
}

type FileError = NodeJS.ErrnoException & { syscall: string; path: string };

/** The file system's answer, which is no fault of the profiler's: a folder that is closed, links in a circle, a bad disk. */
function isFileError(error: unknown): error is FileError {
  const { syscall, path } = error as Partial<FileError>;
  return error instanceof Error && typeof syscall === 'string' && typeof path === 'string';
}

const ATTEMPTED: Record<string, string> = {
  stat: 'look at',
  lstat: 'look at',
  scandir: 'list',
  mkdir: 'make',
};

function fileMessage(error: FileError): string {
  return `cannot ${ATTEMPTED[error.syscall] ?? error.syscall} ${error.path}: ${systemErrorText(error)}`;
}
