import type { EventKind } from './event.js';

export const CYCLES = {
  spelling: 'cycles',
  describe: 'CPU cycles, by hardware counter',
  unit: 'samples',
  start: 'cycles',
} as const satisfies EventKind;
