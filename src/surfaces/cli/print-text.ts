import { WriteFailure } from './reserve-outputs.js';

/** The second: what is written after the first. */
const HAS_GONE = new Set(['EPIPE', 'ERR_STREAM_DESTROYED']);

/**
 * Writes all of it to standard output. A reader that has gone (`… | head`) is no error; a full disk is. Resolves with
 * false when nobody reads any more.
 *
 * @throws WriteFailure
 */
export async function printText(text: string): Promise<boolean> {
  const { stdout } = process;
  if (stdout.listenerCount('error') === 0) stdout.on('error', () => {}); // the callback tells, too
  return await new Promise<boolean>((resolve, reject) => {
    stdout.write(text, (error?: NodeJS.ErrnoException | null) => {
      if (error && !HAS_GONE.has(error.code ?? ''))
        reject(new WriteFailure('to standard output', error.message));
      else resolve(!error);
    });
  });
}
