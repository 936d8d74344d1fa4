import { enumerate } from './enumerate.js';
import { formatCount, formatQuantity } from './format-count.js';
import type { ProblemCode } from './problem-codes.js';

/** Different problems of one code that are told; more say the same in other words. */
const MAX_TOLD = 3;
/** Told one by one, for as many as these there are: the rules that were typed, the first five stacks that differ. */
const TOLD_WHOLE: ReadonlySet<ProblemCode> = new Set(['require', 'unwinding-difference', 'unwinding-doubt']);

/** What is wrong with a run or its profile. */
export interface Problem {
  code: ProblemCode;
  message: string;
  /** The file or process in the message: problems that differ in it alone become one. */
  subject?: string | undefined;
}

/** As the summary has it: `count` is how often it came. */
export interface MergedProblem {
  code: ProblemCode;
  message: string;
  count: number;
}

/** Problems that are the same but for their subject. */
interface Kind {
  first: Problem;
  /** Each once, in the order of their coming. */
  subjects: Set<string>;
  count: number;
  isSaid: boolean;
}

interface Line extends MergedProblem {
  kinds: readonly Kind[];
  text: string;
}

/**
 * The problems of a run, by code in the order of their coming. Equal ones are counted; those that differ in their
 * subject alone name the first three; of different ones of one code three are told, and how many more there are.
 * A run over a whole machine meets thousands of short processes, each of which may say the same.
 */
export class ProblemList {
  readonly #codes = new Map<string, Map<string, Kind>>();

  constructor(problems: readonly Problem[] = []) {
    this.addAll(problems);
  }

  addAll(problems: readonly Problem[]): void {
    for (const problem of problems) this.add(problem);
  }

  add(problem: Problem): void {
    const { code, message, subject = '' } = problem;
    const kinds = this.#codes.get(code) ?? new Map<string, Kind>();
    this.#codes.set(code, kinds);
    const pattern = message.replace(subject, () => '\0');
    const kind = kinds.get(pattern) ?? { first: problem, subjects: new Set(), count: 0, isSaid: false };
    kinds.set(pattern, kind);
    kind.subjects.add(subject);
    kind.count++;
  }

  /** What is to be shown, one text a problem; nothing twice. */
  takeUnsaid(): string[] {
    const lines = this.#lines().filter(({ kinds }) => kinds.some(({ isSaid }) => !isSaid));
    for (const kind of lines.flatMap(({ kinds }) => kinds)) kind.isSaid = true;
    return lines.map(({ text }) => text);
  }

  toJSON(): MergedProblem[] {
    return this.#lines().map(({ code, message, count }) => ({ code, message, count }));
  }

  #lines(): Line[] {
    return Array.from(this.#codes.values()).flatMap((kinds) => linesOf([...kinds.values()]));
  }
}

/** Of one code. */
function linesOf(kinds: readonly Kind[]): Line[] {
  if (kinds.length <= MAX_TOLD || TOLD_WHOLE.has(kinds[0]!.first.code)) return kinds.map(lineOf);
  return [...kinds.slice(0, MAX_TOLD).map(lineOf), lineOfHidden(kinds.slice(MAX_TOLD))];
}

function lineOf(kind: Kind): Line {
  const { first, subjects, count } = kind;
  const { code, subject = '' } = first;
  const message = first.message.replace(subject, () => enumerate([...subjects]));
  // Where every subject came once, their number has been said.
  const times = count > subjects.size ? ` (${formatQuantity(count, 'time')})` : '';
  return { code, message, count, kinds: [kind], text: `${message}${times}` };
}

function lineOfHidden(kinds: readonly Kind[]): Line {
  const { code } = kinds[0]!.first;
  const count = kinds.reduce((sum, kind) => sum + kind.count, 0);
  const message = `and ${formatCount(count)} more of the kind ${code}`;
  return { code, message, count, kinds, text: message };
}
