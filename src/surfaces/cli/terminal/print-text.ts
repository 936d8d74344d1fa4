import { visibleLines } from '../../../render/visible-text.js';
import { reasonOf, WriteFailure } from '../outputs/write-failure.js';

/** The second: what is written after the first. */
const HAS_GONE = new Set(['EPIPE', 'ERR_STREAM_DESTROYED']);

/**
 * Writes lines to standard output, all of them; what names hold becomes visible (`Terminal`). A reader that has gone (`… | head`) is no error; a full disk is. Resolves with
 * false when nobody reads any more.
 *
 * @throws WriteFailure
 */
export async function printText(text: string): Promise<boolean> {
  return await printRaw(visibleLines(text));
}

/** Of what has been made visible where it was painted, or is ours alone. */
export async function printRaw(text: string): Promise<boolean> {
  const { stdout } = process;
  if (stdout.listenerCount('error') === 0) stdout.on('error', () => {}); // the callback tells, too
  return await new Promise<boolean>((resolve, reject) => {
    stdout.write(text, (error?: NodeJS.ErrnoException | null) => {
      if (error && !HAS_GONE.has(error.code ?? ''))
        reject(new WriteFailure('standard output', reasonOf(error, '/dev/stdout')));
      else resolve(!error);
    });
  });
}
