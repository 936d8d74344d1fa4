import { constants } from 'node:os';

/** The real-time signals that glibc leaves to programs: it uses 32 and 33 itself. */
export const FIRST_REAL_TIME = 34;
export const LAST_SIGNAL = 64;
const LAST_NAMED_FROM_BELOW = 49;

const STANDARD = constants.signals as Readonly<Record<string, number>>;

/** As in bash's `kill -l`: SIGUSR1, SIGRTMIN+3, SIGRTMAX-1. */
export function signalName(number: number): string {
  const standard = Object.entries(STANDARD).find(([, value]) => value === number);
  if (standard !== undefined) return standard[0];
  if (number < FIRST_REAL_TIME) return `SIG${number}`;
  if (number <= LAST_NAMED_FROM_BELOW) return withDistance('SIGRTMIN', '+', number - FIRST_REAL_TIME);
  return withDistance('SIGRTMAX', '-', LAST_SIGNAL - number);
}

/** The inverse of `signalName`. */
export function signalNumber(name: string): number {
  const numbers = Array.from({ length: LAST_SIGNAL }, (_, index) => index + 1);
  return STANDARD[name] ?? numbers.find((number) => signalName(number) === name) ?? 0;
}

function withDistance(name: string, sign: string, distance: number): string {
  return distance === 0 ? name : `${name}${sign}${distance}`;
}
