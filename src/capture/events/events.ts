import { CPU_CLOCK } from './cpu-clock.js';
import { CYCLES } from './cycles.js';
import type { EventKind } from './event.js';

/** Every event that a run can sample. `--event`, help, manual and completions derive from it. */
export const EVENTS: readonly EventKind[] = [CPU_CLOCK, CYCLES];

/** Without `--event`. */
export const DEFAULT_EVENT: EventKind = CPU_CLOCK;

export const EVENT_SPELLINGS = EVENTS.map(({ spelling }) => spelling);

/** The event that a text spells; undefined if none. */
export function parseEvent(text: string): EventKind | undefined {
  return EVENTS.find(({ spelling }) => spelling === text);
}
