import type { CaptureTotals } from '../../capture/raw-profile.js';
import type { Problem } from './problem-list.js';

/** Child processes with other rights, which an unprivileged user may not profile. */
export function leftOutProblems({
  foreignExecs,
  foreignSamples,
}: Pick<CaptureTotals, 'foreignExecs' | 'foreignSamples'>): Problem[] {
  const problems: Problem[] = [];
  const note = (message: string) => problems.push({ code: 'left-out', message });
  if (foreignExecs > 0) {
    const processes = foreignExecs === 1 ? '1 process' : `${foreignExecs} processes`;
    note(
      `${processes} with other rights than yours (setuid, for example sudo) left out: only root may profile them`,
    );
  }
  if (foreignSamples > 0) {
    note(`${foreignSamples} hits left out, in threads that switched to another user or hide their memory`);
  }
  return problems;
}
