/**
 * Orders strings by their UTF-8 bytes (`LC_ALL=C sort`), without encoding them. JavaScript's `<` compares UTF-16 units,
 * which puts U+1F41D (a surrogate pair, D83D…) before U+E000.
 */
export function compareUtf8(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const left = a.charCodeAt(i);
    const right = b.charCodeAt(i);
    if (left !== right) return codePointRank(left) - codePointRank(right);
  }
  return a.length - b.length;
}

/** Sorts in place. If no string has a surrogate, JavaScript's own order is the same, and much faster. */
export function sortUtf8(strings: string[]): string[] {
  return strings.some((text) => /[\ud800-\udfff]/.test(text)) ? strings.sort(compareUtf8) : strings.sort();
}

// Moves surrogates above all other units and keeps the order within both groups.
function codePointRank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}
