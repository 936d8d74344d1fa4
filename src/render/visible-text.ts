/**
 * Text that shows what it holds: control characters, bidirectional controls, invisible ones, lone surrogates and
 * characters that XML forbids are spelled out. A symbol name comes from a file that somebody else may have written:
 * it must not reorder the line it stands in, nor look like another one.
 */
export function visibleText(text: string): string {
  // Nearly all of them, and a picture asks some ten thousand times.
  if (!UNUSUAL.test(text)) return text;
  return text
    .replace(/[\0-\x1f]/g, (c) => String.fromCharCode(0x2400 + c.charCodeAt(0)))
    .replace(/\x7f/g, '␡')
    .replace(
      /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\ufffe\uffff]/gu,
      (c) => `\\u{${c.codePointAt(0)!.toString(16)}}`,
    );
}

/** The same for a text of lines, which end as they are, and may have tabs in them. */
export function visibleLines(text: string): string {
  return /[^\n\t -~]/.test(text) ? text.replace(/[^\n\t]+/g, visibleText) : text;
}

const UNUSUAL = /[^ -~]/;

/** Visible text for an XML attribute value or text node. */
export function escapeXml(text: string): string {
  return visibleText(text).replace(/[&<>"]/g, (c) => ENTITIES[c]!);
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
