import { formatCount } from './format-count.js';

const MAX_NAMES = 3;

/** The first names and the number of the rest. */
export function enumerate(names: readonly string[]): string {
  const shown = names.slice(0, MAX_NAMES).join(', ');
  return names.length > MAX_NAMES ? `${shown} and ${formatCount(names.length - MAX_NAMES)} more` : shown;
}
