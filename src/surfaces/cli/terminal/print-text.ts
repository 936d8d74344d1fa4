import { visibleLines } from '../../../render/visible-text.js';
import { reasonOf, WriteFailure } from '../outputs/write-failure.js';

/** The second error code is for writes after the first failure. */
const HAS_GONE = new Set(['EPIPE', 'ERR_STREAM_DESTROYED']);

/**
 * Writes lines to standard output completely, with invisible characters spelled out (see `Terminal`). A closed reader (`… |
 * head`) is not an error; a full disk is. Resolves with false if nobody reads any more.
 *
 * @throws WriteFailure
 */
export async function printText(text: string): Promise<boolean> {
  return await printRaw(visibleLines(text));
}

/** For text that is already made visible, or only ours. */
export async function printRaw(text: string): Promise<boolean> {
  const { stdout } = process;
  if (stdout.listenerCount('error') === 0) stdout.on('error', () => {}); // the callback reports it too
  return await new Promise<boolean>((resolve, reject) => {
    stdout.write(text, (error?: NodeJS.ErrnoException | null) => {
      if (error && !HAS_GONE.has(error.code ?? ''))
        reject(new WriteFailure('standard output', reasonOf(error, '/dev/stdout')));
      else resolve(!error);
    });
  });
}

/** Writes lines as `printText` does; resolves with the exit code. */
export async function show(text: string): Promise<number> {
  await printText(text);
  return 0;
}
