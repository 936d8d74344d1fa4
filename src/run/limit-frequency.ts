import type { Problem } from '../account/problems/problem-list.js';
import { highestFrequencyHz } from '../capture/machine/highest-frequency.js';

/**
 * An interrupt takes 2 to 10 µs, the most in a virtual machine: above this rate, interrupts take up to a quarter of a CPU.
 */
const MAX_USUAL_HZ = 25_000;

/**
 * The highest rate at which this machine stays usable, and the warning before the run: if the machine stalls, nobody can
 * read it afterwards.
 */
export function limitFrequency(wantedHz: number): { frequencyHz: number; problems: Problem[] } {
  if (wantedHz <= MAX_USUAL_HZ) return { frequencyHz: wantedHz, problems: [] };
  const frequencyHz = Math.min(wantedHz, highestFrequencyHz());
  const message =
    frequencyHz < wantedHz
      ? `--frequency ${wantedHz} would leave this machine no time for anything else: sampling at ${frequencyHz} Hz; lower it to 9999, which shows as much`
      : `--frequency ${wantedHz} interrupts every CPU at that rate, whatever it runs: the machine may be very slow until the run ends; lower it to 9999, which shows as much`;
  return { frequencyHz, problems: [{ code: 'high-frequency', message }] };
}
