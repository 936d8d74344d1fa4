/** The content of an output, in pieces of any size. */
export type Pieces = Iterable<string | Uint8Array>;

/** Some writers yield a line at a time, and a system call for each would take longer than the line. */
const CHUNK_LETTERS = 1 << 16;

/** The same content as bytes, text gathered into chunks that are worth a write. */
export function* inChunks(pieces: Pieces): Generator<Uint8Array> {
  let text = '';
  for (const piece of pieces) {
    if (typeof piece === 'string') text += piece;
    if (text.length >= CHUNK_LETTERS || (typeof piece !== 'string' && text !== '')) {
      yield Buffer.from(text);
      text = '';
    }
    if (typeof piece !== 'string') yield piece;
  }
  if (text !== '') yield Buffer.from(text);
}
