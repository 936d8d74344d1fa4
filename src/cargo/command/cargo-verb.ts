/** `nextest`: cargo-nextest's `nextest run`, a subcommand that its users install. */
export type CargoVerb = 'run' | 'test' | 'bench' | 'nextest';

/** Cargo's own spellings; `bench` has no short one because `b` is `build`. */
const VERBS: ReadonlyMap<string, CargoVerb> = new Map([
  ['run', 'run'],
  ['r', 'run'],
  ['test', 'test'],
  ['t', 'test'],
  ['bench', 'bench'],
  ['nextest', 'nextest'],
]);

export const VERB_SPELLINGS: readonly (readonly [spelling: string, verb: CargoVerb])[] = [...VERBS];

export function cargoVerb(word: string): CargoVerb | undefined {
  return VERBS.get(word);
}

/** A first word without a dash is the verb; without one, `run`. */
export function parseVerb(cargo: readonly string[]): {
  verb: CargoVerb | 'unknown';
  isTyped: boolean;
  args: string[];
} {
  const [first] = cargo;
  if (first === undefined || first.startsWith('-')) return { verb: 'run', isTyped: false, args: [...cargo] };
  return { verb: cargoVerb(first) ?? 'unknown', isTyped: true, args: cargo.slice(1) };
}
