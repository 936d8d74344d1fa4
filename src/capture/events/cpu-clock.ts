import type { EventKind } from './event.js';

export const CPU_CLOCK = {
  spelling: 'cpu-clock',
  describe: 'CPU time, by timer',
  unit: 'samples',
  start: 'cpu-clock',
} as const satisfies EventKind;
