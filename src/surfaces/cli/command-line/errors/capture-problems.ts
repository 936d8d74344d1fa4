import type { Problem } from '../../../../account/problems/problem-list.js';
import { CaptureError } from '../../../../capture/capture-error.js';
import type { CaptureProblem } from '../../../../capture/capture-problem.js';
import { shownProcess } from '../../../../capture/machine/process-table.js';
import { explainCapture } from './capture-error-texts.js';
import { errnoText, systemErrorText } from './phrases/system-error-text.js';

type Told = Exclude<CaptureProblem, { more: number }>;
type Facts<C extends Told['code']> = Extract<Told, { code: C }>;

/** A sentence and the file or process that it names. */
interface Text {
  message: string;
  subject?: string;
}

const NEEDS_FRAME_POINTERS = 'its frames need frame pointers';

/** Texts for every code of what a capture leaves out. */
export const CAPTURE_PROBLEM_TEXTS: { [C in Told['code']]: (facts: Facts<C>) => Text } = {
  'not-observed': ({ path, error }) => ofFile(path, ` ran unobserved: ${reasonOf(error)}`),
  'left-out': ({ pid, name }) => {
    const subject = shownProcess({ pid, name });
    const why = 'they belong to another user or have privileges of their own (setuid, capabilities)';
    return { message: `child processes are left out because ${why}: ${subject}`, subject };
  },
  'side-band-lost': ({ records }) => ({ message: `${records} notices of new mappings were lost` }),
  'too-many-mappings': ({ pid, most }) => {
    const subject = processText(pid);
    return { message: `${subject} has more than ${most} executable mappings`, subject };
  },
  'too-many-processes': ({ pid }) => {
    const subject = processText(pid);
    return { message: `no room for the mappings of ${subject}`, subject };
  },
  'too-many-objects': ({ most }) => ({ message: `more than ${most} files are mapped` }),
  'table-memory': ({ path }) => ofFile(path, `: no room for its unwind table, so ${NEEDS_FRAME_POINTERS}`),
  'thirty-two-bit': ({ path }) =>
    ofFile(path, ': a 32-bit file; the stacks of programs that run it are not unwound'),
  'no-unwind-table': ({ path, why, detail }) =>
    ofFile(path, `: ${NO_TABLE[why] ?? detail}, so ${NEEDS_FRAME_POINTERS}`),
  'unreadable-object': ({ path, errno, detail }) =>
    ofFile(
      path,
      `: ${errno === 0 ? detail : errnoText(errno)}; its frames have neither unwind table nor symbols`,
    ),
  'unwinding-difference': ({ same, inKernel, inSampler, rows, ...stack }) => ({
    message: [
      `the two unwinders disagree about ${stackText(stack)} after ${same} frames; in the kernel ${walkText(inKernel)}, in the sampler ${walkText(inSampler)}`,
      ...rows,
    ].join('\n  '),
  }),
  'unwinding-doubt': ({ why, frame, rows, ...stack }) => ({
    message: [`${stackText(stack)} has ${DOUBT[why]}, number ${frame} of its frames:`, ...rows].join('\n  '),
  }),
};

const NO_TABLE: Partial<Record<Facts<'no-unwind-table'>['why'], string>> = {
  'too-many-rules': 'it has too many distinct unwind rules',
  'too-large': 'its text is too large for an unwind table',
};

const DOUBT: Record<Facts<'unwinding-doubt'>['why'], string> = {
  'impossible-caller': 'a frame whose return address follows no call',
  'false-root': 'an outermost frame that is no start of a thread',
};

/** The capture's entries in a summary's `problems`. */
export function captureProblems(problems: readonly CaptureProblem[]): Problem[] {
  return problems.map(describe);
}

function describe(problem: CaptureProblem): Problem {
  const { code } = problem;
  if ('more' in problem) return { code, message: `${problem.more} more like these (${code})` };
  // The table's type matches each code with its fields; see `explainCapture`.
  const text = CAPTURE_PROBLEM_TEXTS[code] as (facts: Told) => Text;
  return { code, ...text(problem) };
}

function reasonOf(error: unknown): string {
  return error instanceof CaptureError ? explainCapture(error).cause : systemErrorText(error);
}

function ofFile(path: string, what: string): Text {
  return { message: `${path}${what}`, subject: path };
}

function processText(pid: number): string {
  return `process ${pid}`;
}

function stackText({ command, pid, tid }: { command: string; pid: number; tid: number }): string {
  return `a stack of ${command} (process ${pid}, thread ${tid})`;
}

function walkText({ frames, end }: { frames: number; end: string }): string {
  return `${frames} frames, end ${end}`;
}
