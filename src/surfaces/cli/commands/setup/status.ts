import { type Bounds, boundsOf } from '../../../../capture/rights/bounds.js';
import { INSTALL_ROOT, type InstalledSampler } from '../../../../capture/rights/installed-sampler.js';
import { systemErrorText } from '../../command-line/errors/phrases/system-error-text.js';

const KINDS: Record<InstalledSampler['kind'], string> = {
  same: 'ready for you',
  other: 'another version: setup replaces it',
  forbidden: 'not for you',
  unreadable: 'cannot be read',
};

/** One paragraph per copy. */
export function statusText(installed: readonly InstalledSampler[]): string {
  if (installed.length === 0) return `nothing is installed in ${INSTALL_ROOT}\n`;
  return installed.map(paragraph).join('');
}

function paragraph({ path, kind, error, users, groups, ...allowed }: InstalledSampler): string {
  if (kind === 'unreadable') return `${path}: ${KINDS[kind]}: ${systemErrorText(error)}\n`;
  const names = [...users, ...groups.map((group) => `members of ${group}`)];
  return [
    `${path}: ${KINDS[kind]}`,
    `  for             ${names.join(', ') || 'nobody known'}`,
    `  processes       ${allowed.hasAllProcesses ? 'of every user' : 'their own'}`,
    `  kernel frames   ${allowed.hasKernelFrames ? 'yes' : 'no'}`,
    `  each user       ${boundsText(kind === 'same' ? boundsOf(path) : undefined, allowed)}`,
    '',
  ].join('\n');
}

/** Limits for all runs of a user together; `bounds` if the sampler reports what its defaults mean on this machine. */
function boundsText(
  bounds: Bounds | undefined,
  { maxFrequencyHz, maxMemoryMiB }: Pick<InstalledSampler, 'maxFrequencyHz' | 'maxMemoryMiB'>,
): string {
  const frequencyHz = bounds?.frequencyHz ?? maxFrequencyHz ?? 'the usual';
  const memoryMiB = bounds?.memoryMiB ?? maxMemoryMiB ?? 'the usual';
  return `up to ${frequencyHz} samples per second and ${memoryMiB} MB of kernel memory`;
}
