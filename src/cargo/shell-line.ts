const PLAIN = /^[A-Za-z0-9_@%+=:,./-]+$/;

/** A command line that a POSIX shell reads back as exactly these arguments. */
export function shellLine(words: readonly string[]): string {
  return words.map((word) => (PLAIN.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(' ');
}
