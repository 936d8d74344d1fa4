import {
  type Account,
  completePercent,
  guessedPercent,
  lostPercent,
  symbolizedPercent,
  unaccountedPercent,
} from './summary.js';

type Measure = (account: Account) => number;

const MEASURES: Record<string, Measure> = {
  complete: completePercent,
  symbolized: symbolizedPercent,
  guessed: guessedPercent,
  lost: lostPercent,
  unaccounted: unaccountedPercent,
  frames: ({ frames }) => frames.user,
  samples: ({ samples }) => samples.delivered,
  depth: ({ stacks }) => stacks.maxDepth,
};

export const MEASURE_NAMES: readonly string[] = Object.keys(MEASURES);

const COMPARISONS: Record<string, (have: number, limit: number) => boolean> = {
  '>=': (have, limit) => have >= limit,
  '<=': (have, limit) => have <= limit,
};

/** One rule of `--require`: a measure of the summary, `>=` or `<=`, and a number. */
export interface RequireRule {
  text: string;
  measure: string;
  comparison: string;
  limit: number;
}

/** One line for each rule that the run fails. */
export function failedRules(rules: readonly RequireRule[], account: Account): string[] {
  return rules.flatMap(({ text, measure, comparison, limit }) => {
    const have = MEASURES[measure]!(account);
    return COMPARISONS[comparison]!(have, limit) ? [] : [`${text} failed: ${measure} is ${round(have)}`];
  });
}

function round(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(2);
}
