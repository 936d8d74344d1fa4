/** `{{closure}}`, `{closure#1}`, `{async fn}`. */
const CLOSURE = /\{+(?:closure|async|gen)[^}]*\}+/g;

/** Alike what two profilers write differently: our marks, hashes of legacy Rust names, closures, generic arguments. */
export function normalName(frame: string): string {
  const plain = frame
    .replace(/_\[[ikj]\]$/, '')
    .replace(/::h[0-9a-f]{16}$/, '')
    .replace(CLOSURE, '{closure}');
  return plain.startsWith('<') ? plain : withoutGenerics(plain);
}

/** `a::b::<T, U>` and `a::b<T>` become `a::b`; `->` and operator names do not occur in front of a `<` here. */
function withoutGenerics(name: string): string {
  let depth = 0;
  let kept = '';
  for (const [index, character] of [...name].entries()) {
    if (character === '<') depth += 1;
    else if (character === '>' && name[index - 1] !== '-') depth -= 1;
    else if (depth === 0) kept += character;
  }
  return kept.replace(/::$/, '').replace(/::::/g, '::');
}

/** `parse` and `server::parse` both name the frame `server::parse`; a wanted mark (`parse_[i]`) must be there. */
export function isNamed(frame: string, wanted: string): boolean {
  const mark = /_\[[ikj]\]$/.exec(wanted)?.[0];
  if (mark !== undefined && !frame.endsWith(mark)) return false;
  const name = normalName(frame);
  const wantedName = normalName(wanted);
  return name === wantedName || name.endsWith(`::${wantedName}`);
}
