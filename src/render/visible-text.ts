/**
 * Spells out characters that would hide or mislead: control characters, bidirectional controls, invisible ones, lone
 * surrogates and characters that XML forbids. A symbol name comes from a file that anybody may have written: it must not
 * reorder its line or imitate another name.
 */
export function visibleText(text: string): string {
  // Fast path: nearly all texts, and a flamegraph calls this some ten thousand times.
  if (!UNUSUAL.test(text)) return text;
  return text
    .replace(/[\0-\x1f]/g, (c) => String.fromCharCode(0x2400 + c.charCodeAt(0)))
    .replace(/\x7f/g, '␡')
    .replace(
      /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\ufffe\uffff]/gu,
      (c) => `\\u{${c.codePointAt(0)!.toString(16)}}`,
    );
}

/** Same for text with several lines; keeps line ends and tabs. */
export function visibleLines(text: string): string {
  return /[^\n\t -~]/.test(text) ? text.replace(/[^\n\t]+/g, visibleText) : text;
}

const UNUSUAL = /[^ -~]/;

/** Visible text for an XML attribute value or text node. */
export function escapeXml(text: string): string {
  return visibleText(text).replace(/[&<>"]/g, (c) => ENTITIES[c]!);
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
