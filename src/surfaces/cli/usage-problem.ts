/** What was typed cannot be carried out. `advice` is what to type instead (may be empty). */
export class UsageProblem extends Error {
  override readonly name = 'UsageProblem';

  constructor(
    message: string,
    readonly advice = '',
  ) {
    super(message);
  }
}

/** The known flag within two edits of what was typed (one third of its letters at most). */
export function nearestFlag(typed: string, known: readonly string[]): string | undefined {
  const candidates = known.filter((flag) => flag.startsWith('--'));
  const ranked = candidates.map((flag) => ({ flag, distance: editDistance(typed, flag) }));
  const best = ranked.sort((a, b) => a.distance - b.distance)[0];
  return best !== undefined && best.distance <= Math.max(2, typed.length / 3) ? best.flag : undefined;
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const replaced = previous[column - 1]! + (a[row - 1] === b[column - 1] ? 0 : 1);
      current.push(Math.min(replaced, previous[column]! + 1, current[column - 1]! + 1));
    }
    previous = current;
  }
  return previous[b.length]!;
}
