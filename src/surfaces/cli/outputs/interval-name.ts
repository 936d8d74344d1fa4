import { existsSync } from 'node:fs';
import { extname } from 'node:path';
import { localTime } from './local-time.js';

/** What tells the files of intervals apart. */
export interface IntervalPlace {
  /** From 1. */
  number: number;
  from: Date;
}

const DIGITS = 5;
/** A percent and the letter after it, if any. */
const PLACEHOLDER = /%(.?)/gs;

/** The name with `%n` or `%t` if `name` has neither, and with lone percents doubled; undefined if it can stay. */
export function correctedIntervalName(name: string): string | undefined {
  const isKnown = (letter: string) => letter !== '' && 'nt%'.includes(letter);
  const whole = name.replace(PLACEHOLDER, (found, letter) => (isKnown(letter) ? found : `%${found}`));
  const corrected = lettersOf(whole).some((letter) => 'nt'.includes(letter))
    ? whole
    : beforeEnding(whole, '-%n');
  return corrected === name ? undefined : corrected;
}

function lettersOf(pattern: string): string[] {
  return Array.from(pattern.matchAll(PLACEHOLDER), ([, letter]) => letter!);
}

/** `out.svg` with `-%n` becomes `out-%n.svg`. */
export function beforeEnding(path: string, text: string): string {
  const ending = extname(path);
  return `${path.slice(0, path.length - ending.length)}${text}${ending}`;
}

/** A path in which a percent stands for itself. */
export function escapedName(path: string): string {
  return path.replaceAll('%', '%%');
}

/**
 * `%n`: the number with five digits, `%t`: the local time at the interval's start, `%%`: a percent. Where the time alone
 * tells files apart, one that exists already is not overwritten: `-2`, `-3`, … follow its name.
 */
export function intervalName(pattern: string, place: IntervalPlace): string {
  const values: Record<string, string> = {
    n: String(place.number).padStart(DIGITS, '0'),
    t: localTime(place.from),
    '%': '%',
  };
  const path = pattern.replace(PLACEHOLDER, (found, letter) => values[letter] ?? found);
  return lettersOf(pattern).includes('n') ? path : unusedName(path);
}

function unusedName(path: string): string {
  for (let attempt = 1; ; attempt++) {
    const candidate = attempt === 1 ? path : beforeEnding(path, `-${attempt}`);
    if (!existsSync(candidate)) return candidate;
  }
}
