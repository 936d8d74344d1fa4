import { WriteFailure } from './reserve-outputs.js';

/**
 * Writes all of it to standard output. A reader that has gone (`… | head`) is no error; a full disk is.
 *
 * @throws WriteFailure
 */
export async function printText(text: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const settle = (error?: NodeJS.ErrnoException | null): void => {
      if (error && error.code !== 'EPIPE') reject(new WriteFailure('to standard output', error.message));
      else resolve();
    };
    process.stdout.on('error', settle);
    process.stdout.write(text, settle);
  });
}
