import { findElevation } from '../../../capture/rights/elevation.js';
import type { Terminal } from './terminal.js';

/**
 * If sudo is about to ask for a password, says why and returns true. Throws CaptureError if there is no way to get
 * privileges.
 */
export function announceQuestion(terminal: Terminal): boolean {
  const { asks, command } = findElevation();
  if (!asks) return false;
  terminal.say(`profile-bee: the sampler needs privileges to load BPF programs: ${command.join(' ')}`);
  terminal.say('(it drops all others at once; to avoid this question, run profile-bee setup once)');
  return true;
}
