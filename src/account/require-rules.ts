import { UsageProblem } from '../surfaces/cli/command-line/usage-problem.js';
import {
  completePercent,
  guessedPercent,
  lostPercent,
  type Summary,
  symbolizedPercent,
  unaccountedPercent,
} from './summary.js';

type Measure = (summary: Summary) => number;

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

/**
 * `complete>=99,lost<=1`; shares are percent, `frames`, `samples` and `depth` are counts. `givenAs` stands in front of
 * the rule in an error. Throws UsageProblem.
 */
export function parseRules(text: string, givenAs = '--require'): RequireRule[] {
  return text.split(',').map((rule) => parseRule(rule.trim(), givenAs));
}

function parseRule(text: string, givenAs: string): RequireRule {
  const match = /^([a-z]+)\s*(>=|<=)\s*(\d+(?:\.\d+)?)\s*%?$/.exec(text);
  const [, measure = '', comparison = '', limit = ''] = match ?? [];
  if (match !== null && Object.hasOwn(MEASURES, measure))
    return { text, measure, comparison, limit: Number(limit) };
  throw new UsageProblem(
    `${givenAs} ${JSON.stringify(text)}: ${match === null ? 'not a rule' : `there is no measure ${measure}`}`,
    `write for example complete>=99,lost<=1; measures: ${Object.keys(MEASURES).join(', ')}`,
  );
}

/** One line per rule that the run does not meet. */
export function failedRules(rules: readonly RequireRule[], summary: Summary): string[] {
  return rules.flatMap(({ text, measure, comparison, limit }) => {
    const have = MEASURES[measure]!(summary);
    return COMPARISONS[comparison]!(have, limit)
      ? []
      : [`${text} does not hold: ${measure} is ${round(have)}`];
  });
}

function round(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(2);
}
