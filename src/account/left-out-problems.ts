import type { CaptureTotals } from '../capture/raw-profile.js';
import type { Problem } from './problem-list.js';

/** What an ordinary user may not see of a program that they run: its children with other rights. */
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
    note(`${foreignSamples} hits in threads that became another user’s, or hide their memory, left out`);
  }
  return problems;
}
