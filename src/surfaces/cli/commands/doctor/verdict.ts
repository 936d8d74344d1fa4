import type { CaptureError } from '../../../../capture/capture-error.js';
import { explainCapture } from '../../command-line/errors/capture-error-texts.js';
import { PRIVILEGE, PROFILER, statusOfCaptureError } from '../../command-line/errors/exit-status.js';
import type { Check } from './check.js';

/** `exitCode`: 0 if profiling works, 77 if privileges are missing, 125 if this machine cannot. */
export interface Verdict {
  exitCode: number;
  message: string;
}

/** Problems that no privilege solves; reported before a missing privilege, which would not help. */
const OF_THE_MACHINE = ['platform', 'native-parts', 'btf', 'ring-buffer', 'bpf-loop', 'lockdown'];

/** `obstacle`: why a capture cannot start, or why the one that was tried failed. */
export function reachVerdict(checks: readonly Check[], obstacle: CaptureError | undefined): Verdict {
  const problems = checks.filter(({ status }) => status === 'problem');
  const ofMachine = problems.find(({ code }) => OF_THE_MACHINE.includes(code));
  if (ofMachine !== undefined) return cannot(ofMachine.found);
  if (obstacle !== undefined) {
    const { cause } = explainCapture(obstacle);
    return statusOfCaptureError(obstacle) === PRIVILEGE ? missing(cause) : cannot(cause);
  }
  return problems[0] === undefined ? works(checks) : cannot(problems[0].found);
}

function works(checks: readonly Check[]): Verdict {
  const warnings = checks.filter(({ status }) => status === 'warning').length;
  const but = warnings === 0 ? '' : `, with ${warnings === 1 ? 'one warning' : `${warnings} warnings`}`;
  return { exitCode: 0, message: `Profiling works here${but}.` };
}

function missing(cause: string): Verdict {
  return { exitCode: PRIVILEGE.code, message: `Profiling is not allowed here yet: ${cause}.` };
}

function cannot(cause: string): Verdict {
  return { exitCode: PROFILER.code, message: `This machine cannot profile: ${cause}.` };
}
