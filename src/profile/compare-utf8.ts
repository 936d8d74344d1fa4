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

// Moves surrogates above all other units and keeps the order within both groups.
function codePointRank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}
