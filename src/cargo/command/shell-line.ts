const PLAIN = /^[A-Za-z0-9_@%+=:,./-]+$/;
/** Characters that control a terminal or are invisible: a line to paste must show everything it contains. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

/** A command line that a shell parses back into exactly these arguments. */
export function shellLine(words: readonly string[]): string {
  return words.map(quoted).join(' ');
}

function quoted(word: string): string {
  if (PLAIN.test(word)) return word;
  return UNSEEN.test(word) ? `$'${escaped(word)}'` : `'${word.replaceAll("'", "'\\''")}'`;
}

/** For `$'…'` as in bash, zsh, ksh and POSIX since 2024. */
function escaped(word: string): string {
  return Array.from(word, (character) => {
    if (character === "'" || character === '\\') return `\\${character}`;
    if (!UNSEEN.test(character)) return character;
    return Array.from(Buffer.from(character), (byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('');
  }).join('');
}
