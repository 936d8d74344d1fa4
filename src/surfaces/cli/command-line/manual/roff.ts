/** Text as it is in a paragraph of roff. What it begins with may still be taken for a macro. */
export function roffText(text: string): string {
  return [...text].map((character) => ESCAPES[character] ?? plainOrUnicode(character)).join('');
}

/** Text that is typed, or that programs read: dashes, quotes and carets come out as those of ASCII. */
export function roffCode(text: string): string {
  return roffText(text).replaceAll('-', '\\-');
}

/** One argument of a macro. */
export function roffArgument(text: string): string {
  return /[ "]/.test(text) ? `"${text.replaceAll('"', '\\(dq')}"` : text;
}

const MAX_COLUMNS = 80;

/** Escaped text as lines that an editor shows whole; to roff they are one paragraph. */
export function wrappedLines(escaped: string): string {
  return broken(escaped)
    .map((line) => `${line.replace(/^[.']/, '\\&$&')}\n`)
    .join('');
}

/** One line for roff, where a macro takes exactly one. */
export function foldedLine(escaped: string): string {
  return `${broken(escaped).join(' \\\n')}\n`;
}

function broken(escaped: string): string[] {
  const lines: string[] = [];
  for (const word of escaped.split(' ')) {
    const last = lines.at(-1);
    if (last === undefined || last.length + word.length + ' \\'.length >= MAX_COLUMNS) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\e',
  "'": '\\(aq',
  '`': '\\(ga',
  '^': '\\(ha',
  '~': '\\(ti',
  '"': '\\(dq',
  '…': '...',
};

function plainOrUnicode(character: string): string {
  const codePoint = character.codePointAt(0)!;
  if (codePoint < 0x80) return character;
  return `\\[u${codePoint.toString(16).toUpperCase().padStart(4, '0')}]`;
}
