/**
 * The longest form of a function name that fits into `columns` monospace characters; '' if only a letter or two would fit.
 * The end of a path says most, so outer modules are dropped first, then paths and arguments inside `<…>`, and only then the
 * end of the last segment: `alloc::vec::Vec<T>::push` → `vec::Vec<T>::push` → `Vec<T>::push` → `Vec::push` → `push`.
 *
 * The browser receives this function as source text (`fitLabel.toString()`), so that a zoomed flamegraph labels frames as
 * the static one does: it must use nothing from outside its body, and a bundler must not rename inside it (`keepNames`).
 */
export function fitLabel(name: string, columns: number): string {
  const WIDE = /[ᄀ-ᅟ⺀-꓏가-힣豈-﫿︰-﹏＀-｠￠-￦\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;
  // East Asian wide characters and emoji take two columns.
  const widthOf = (text: string) => {
    if (/^[ -~]*$/.test(text)) return text.length;
    return Array.from(text).reduce((width, c) => width + (WIDE.test(c) ? 2 : 1), 0);
  };
  const splitPath = (path: string) => {
    const segments: string[] = [];
    let depth = 0;
    let start = 0;
    for (let i = 0; i < path.length; i++) {
      const c = path[i]!;
      if ('<([{'.includes(c)) depth++;
      else if (')]}'.includes(c) || (c === '>' && path[i - 1] !== '-')) depth = Math.max(0, depth - 1);
      else if (depth === 0 && c === ':' && path[i + 1] === ':') {
        segments.push(path.slice(start, i));
        start = i + 2;
        i++;
      }
    }
    segments.push(path.slice(start));
    // `catch_unwind::<i32, F>`: arguments of the segment in front of them, and not a name.
    return segments.reduce<string[]>((joined, segment) => {
      if (segment.startsWith('<') && joined.length > 0) joined[joined.length - 1] += `::${segment}`;
      else joined.push(segment);
      return joined;
    }, []);
  };
  // `{closure}` alone says nothing: it stays with the function around it.
  const joinClosures = (segments: string[]) =>
    segments.reduce<string[]>((joined, segment) => {
      if (segment.startsWith('{') && joined.length > 0) joined[joined.length - 1] += `::${segment}`;
      else joined.push(segment);
      return joined;
    }, []);
  const withoutInnerPaths = (segment: string) =>
    segment.includes('<') ? segment.replace(/(?:\w+::)+(?=\w)/g, '') : segment;
  const withoutArguments = (segment: string) => {
    let shorter = segment;
    for (let before = ''; before !== shorter; ) {
      before = shorter;
      shorter = shorter.replace(/(?:::|(?<=\w))<[^<>]*>/g, '');
    }
    return shorter;
  };
  if (columns < 3) return '';
  if (name.length * 2 <= columns || widthOf(name) <= columns) return name;
  const full = splitPath(name);
  const compact = full.map(withoutInnerPaths);
  const bare = compact.map(withoutArguments);
  let best = '';
  for (const segments of [full, compact, bare].map(joinClosures)) {
    for (let first = 0; first < segments.length; first++) {
      const candidate = segments.slice(first).join('::');
      if (candidate.length > best.length && widthOf(candidate) <= columns) best = candidate;
    }
  }
  if (best !== '') return best;
  if (columns < 4) return '';
  let cut = '';
  for (const c of joinClosures(bare).at(-1)!) {
    if (widthOf(cut + c) >= columns) break;
    cut += c;
  }
  return `${cut}…`;
}
