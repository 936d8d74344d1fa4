import { UsageError } from '../../../../cargo/command/usage-error.js';

/**
 * Splits a command into words as a shell does: quotes and backslashes as in sh, no expansion. Throws UsageError for an
 * unclosed quote.
 */
export function splitWords(text: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  for (let at = 0; at < text.length; ) {
    const character = text[at]!;
    if (/\s/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
      at++;
      continue;
    }
    const { piece, next } = readPiece(text, at);
    word = (word ?? '') + piece;
    at = next;
  }
  return word === undefined ? words : [...words, word];
}

/** A quoted part, an escaped character or a plain one. */
function readPiece(text: string, at: number): { piece: string; next: number } {
  const character = text[at]!;
  if (character === "'") return readQuoted(text, at, /[^']*/y);
  if (character === '"') return readQuoted(text, at, /(?:[^"\\]|\\[\s\S])*/y);
  if (character === '\\' && at + 1 < text.length) return { piece: text[at + 1]!, next: at + 2 };
  return { piece: character, next: at + 1 };
}

function readQuoted(text: string, at: number, inside: RegExp): { piece: string; next: number } {
  const quote = text[at]!;
  inside.lastIndex = at + 1;
  const content = inside.exec(text)?.[0] ?? '';
  const end = at + 1 + content.length;
  if (text[end] !== quote)
    throw new UsageError(`--cmd: the quote ${quote} at character ${at + 1} is not closed`);
  const piece = quote === '"' ? content.replace(/\\(["\\$`])/g, '$1') : content;
  return { piece, next: end + 1 };
}
