/** The known name that `typed` probably means; undefined if none is within `minEdits` or a third of its letters. */
export function nearestName(typed: string, known: Iterable<string>, minEdits = 1): string | undefined {
  const limit = Math.max(minEdits, Math.floor(typed.length / 3));
  let nearest: string | undefined;
  let nearestDistance = limit + 1;
  for (const name of known) {
    const distance = editDistance(typed, name);
    if (distance >= nearestDistance) continue;
    nearest = name;
    nearestDistance = distance;
  }
  return nearest;
}

/** Edits of one letter; swapping two neighbours counts as one. */
function editDistance(from: string, to: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const replaced = (previous[column - 1] ?? 0) + (from[row - 1] === to[column - 1] ? 0 : 1);
      const removed = (previous[column] ?? 0) + 1;
      const added = (current[column - 1] ?? 0) + 1;
      const isExchanged = column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      const exchanged = isExchanged ? (beforePrevious[column - 2] ?? 0) + 1 : replaced;
      current.push(Math.min(replaced, removed, added, exchanged));
    }
    beforePrevious = previous;
    previous = current;
  }
  return previous[to.length] ?? 0;
}
