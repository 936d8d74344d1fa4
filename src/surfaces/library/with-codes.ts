import { CaptureError } from '../../capture/capture-error.js';
import { RunError, type RunFault } from './run-error.js';

/** `why` on its own says nothing of the target. */
export function fault(code: RunFault, why: string): RunError {
  return new RunError(code, why);
}

/** What `work` returns; its error as a RunError. */
export async function withCodes<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof RunError) throw error;
    if (error instanceof CaptureError) throw new RunError(error.code, error.message, { cause: error });
    const { syscall, code } = error as NodeJS.ErrnoException;
    if (syscall?.startsWith('spawn')) throw notStarted(code); // that error has the arguments
    throw new RunError('failed', 'the run has failed', { cause: error });
  }
}

function notStarted(code = ''): RunError {
  return new RunError('command-not-started', `the command cannot be started: ${code}`);
}
