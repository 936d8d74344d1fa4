import type { CaptureErrorFacts } from '../../../../capture/capture-error.js';
import { IS_THIRTY_TWO_BIT } from '../../../../run/targets/find-command.js';
import { type Explanation, explanation, type TextsOf } from './explanation.js';

/** Limits the advice: most containers have a process 1 and a process 7. */
const MAX_INSIDERS = 3;

/** Errors about the pids to profile. */
export const PROCESS_TEXTS: TextsOf<'no-such-process' | 'thirty-two-bit'> = {
  'no-such-process': explainProcess,
  'thirty-two-bit': ({ pid, name }) =>
    explanation(`profile process ${pid}${name === undefined ? '' : ` (${name})`}`, IS_THIRTY_TWO_BIT),
};

function explainProcess(facts: CaptureErrorFacts<'no-such-process'>): Explanation {
  const attempted = `profile process ${facts.pid}`;
  switch (facts.why) {
    case 'absent':
      return explanation(attempted, 'there is no such process', ...adviceForAbsent(facts));
    case 'thread':
      return explanation(
        attempted,
        `it is a thread of process ${facts.process}`,
        `--pid ${facts.process}   profiles all of its threads`,
      );
    case 'zombie':
      return explanation(attempted, 'it has ended (a zombie)');
    case 'kernel-thread':
      return explanation(attempted, 'it is a kernel thread and runs no user code');
  }
}

/** Suggests processes that have this pid inside their containers, in case the user meant one of them. */
function adviceForAbsent({
  pid,
  insiders,
}: Extract<CaptureErrorFacts<'no-such-process'>, { why: 'absent' }>): string[] {
  if (insiders.length === 0) return ['pgrep -a NAME   finds the pid of a program'];
  return insiders
    .slice(0, MAX_INSIDERS)
    .map((row) => `--pid ${row.pid}   is process ${pid} (${row.name}) of a container, by its pid out here`);
}
