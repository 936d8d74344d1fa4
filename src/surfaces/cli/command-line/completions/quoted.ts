/** Quotes a word for bash, zsh and fish: all end a quoted string at the next quote. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
