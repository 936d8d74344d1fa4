/** JSON for people and machines: escapes characters that control a terminal or are invisible, which changes no value. */
export function jsonText(value: unknown): string {
  const escaped = (text: string) =>
    Array.from(
      { length: text.length },
      (_, at) => `\\u${text.charCodeAt(at).toString(16).padStart(4, '0')}`,
    ).join('');
  return `${JSON.stringify(value, null, 2).replace(/[\x7f-\x9f\p{Cf}\p{Zl}\p{Zp}]/gu, escaped)}\n`;
}
