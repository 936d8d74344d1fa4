import { findElevation } from '../../../capture/rights/elevation.js';
import type { Terminal } from './terminal.js';

/** Says why sudo is about to ask; true when it is. Throws CaptureError where there is no way at all. */
export function announceQuestion(terminal: Terminal): boolean {
  const { asks, command } = findElevation();
  if (!asks) return false;
  terminal.say(`profile-bee: the sampler needs rights to load BPF programs: ${command.join(' ')}`);
  terminal.say('(it gives up all others at once; profile-bee setup ends this question)');
  return true;
}
