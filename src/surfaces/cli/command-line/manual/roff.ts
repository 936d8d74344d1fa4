/** Escapes text for a roff paragraph. Its first character may still be taken for a macro. */
export function roffText(text: string): string {
  return [...text].map((character) => ESCAPES[character] ?? plainOrUnicode(character)).join('');
}

/** Escapes text to type or for programs to read: dashes, quotes and carets stay ASCII. */
export function roffCode(text: string): string {
  return roffText(text).replaceAll('-', '\\-');
}

/** One argument of a macro. */
export function roffArgument(text: string): string {
  return /[ "]/.test(text) ? `"${text.replaceAll('"', '\\(dq')}"` : text;
}

const MAX_COLUMNS = 80;

/** Breaks escaped text into lines of readable length; to roff they are one paragraph. */
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
