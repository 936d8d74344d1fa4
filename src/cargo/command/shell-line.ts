const PLAIN = /^[A-Za-z0-9_@%+=:,./-]+$/;
/** A terminal obeys them, or they hide: what is pasted has to be seen. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

/** A command line that a shell reads back as exactly these arguments. */
export function shellLine(words: readonly string[]): string {
  return words.map(quoted).join(' ');
}

function quoted(word: string): string {
  if (PLAIN.test(word)) return word;
  return UNSEEN.test(word) ? `$'${escaped(word)}'` : `'${word.replaceAll("'", "'\\''")}'`;
}

/** As bash, zsh, ksh and POSIX from 2024 on have it. */
function escaped(word: string): string {
  return Array.from(word, (character) => {
    if (character === "'" || character === '\\') return `\\${character}`;
    if (!UNSEEN.test(character)) return character;
    return Array.from(Buffer.from(character), (byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('');
  }).join('');
}
