import type { Problem } from '../account/problem-list.js';
import { highestFrequencyHz } from '../capture/machine/highest-frequency.js';

/** An interrupt takes 2 to 10 µs, most in a virtual machine: above this rate they fill a CPU by a quarter. */
const MAX_USUAL_HZ = 25_000;

/**
 * The rate at which this machine still does other things, and what is said before the run: a machine that stalls is no
 * place to read it afterwards.
 */
export function limitFrequency(wantedHz: number): { frequencyHz: number; problems: Problem[] } {
  if (wantedHz <= MAX_USUAL_HZ) return { frequencyHz: wantedHz, problems: [] };
  const frequencyHz = Math.min(wantedHz, highestFrequencyHz());
  const message =
    frequencyHz < wantedHz
      ? `--frequency ${wantedHz} would leave this machine no time for anything else: samples are taken at ${frequencyHz} Hz; lower it to 9999, which shows as much`
      : `--frequency ${wantedHz} interrupts every CPU that often, whatever runs there: the machine may be very slow until the run is over; lower it to 9999, which shows as much`;
  return { frequencyHz, problems: [{ code: 'high-frequency', message }] };
}
