import { MEASURE_NAMES, type RequireRule } from '../../../../account/require-rules.js';
import { UsageError } from '../../../../cargo/command/usage-error.js';

/**
 * `complete>=99,lost<=1`; shares are in percent; `frames`, `samples` and `depth` are counts. `givenAs` precedes the rule in
 * an error. Throws UsageError.
 */
export function parseRules(text: string, givenAs = '--require'): RequireRule[] {
  return text.split(',').map((rule) => parseRule(rule.trim(), givenAs));
}

function parseRule(text: string, givenAs: string): RequireRule {
  const match = /^([a-z]+)\s*(>=|<=)\s*(\d+(?:\.\d+)?)\s*%?$/.exec(text);
  const [, measure = '', comparison = '', limit = ''] = match ?? [];
  if (match !== null && MEASURE_NAMES.includes(measure))
    return { text, measure, comparison, limit: Number(limit) };
  throw new UsageError(
    `${givenAs} ${JSON.stringify(text)}: ${match === null ? 'not a rule' : `unknown measure ${measure}`}`,
    `for example complete>=99,lost<=1; measures: ${MEASURE_NAMES.join(', ')}`,
  );
}
