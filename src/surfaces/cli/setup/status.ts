import { INSTALL_ROOT, type InstalledSampler } from '../../../capture/installed-sampler.js';

const KINDS: Record<InstalledSampler['kind'], string> = {
  same: 'ready for you',
  other: 'another version than this one: setup replaces it',
  forbidden: 'not for you',
};

/** One paragraph for each copy. */
export function statusText(installed: readonly InstalledSampler[]): string {
  if (installed.length === 0) return `nothing is installed in ${INSTALL_ROOT}\n`;
  return installed.map(paragraph).join('');
}

function paragraph({ path, kind, users, groups, ...allowed }: InstalledSampler): string {
  const names = [...users, ...groups.map((group) => `members of ${group}`)];
  return [
    `${path}: ${KINDS[kind]}`,
    `  for             ${names.join(', ') || 'nobody known'}`,
    `  processes       ${allowed.hasAllProcesses ? 'of every user' : 'their own'}`,
    `  kernel frames   ${allowed.hasKernelFrames ? 'yes' : 'no'}`,
    '',
  ].join('\n');
}
