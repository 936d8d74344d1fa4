import { enumerate } from '../enumerate.js';
import { formatCount, formatQuantity } from '../format-count.js';
import type { ProblemCode } from './problem-codes.js';

/** Distinct messages shown for one code; further ones say the same in other words. */
const MAX_TOLD = 3;
/**
 * Shown in full because their number is bounded: by the rules that were typed, or the first five stacks that differ.
 */
const TOLD_WHOLE: ReadonlySet<ProblemCode> = new Set(['require', 'unwinding-difference', 'unwinding-doubt']);

/** What is wrong with a run or its profile. */
export interface Problem {
  code: ProblemCode;
  message: string;
  /** The file or process in the message: problems that differ only in it are merged. */
  subject?: string | undefined;
}

/** As in the summary; `count` is how often the problem occurred. */
export interface MergedProblem {
  code: ProblemCode;
  message: string;
  count: number;
}

/** Problems that differ only in their subject. */
interface Kind {
  first: Problem;
  /** In order of first occurrence. */
  subjects: Set<string>;
  count: number;
  isSaid: boolean;
}

interface Line extends MergedProblem {
  kinds: readonly Kind[];
  text: string;
}

/**
 * The problems of a run, by code in order of first occurrence. Equal problems are counted; those that differ only in
 * their subject name the first three subjects; of the distinct messages of one code three are shown, then the number of
 * the rest. A run over a whole machine meets thousands of short processes, each of which may raise the same problem.
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

  /** Texts not shown yet, one per problem; marks them as shown. */
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

function linesOf(kinds: readonly Kind[]): Line[] {
  if (kinds.length <= MAX_TOLD || TOLD_WHOLE.has(kinds[0]!.first.code)) return kinds.map(lineOf);
  return [...kinds.slice(0, MAX_TOLD).map(lineOf), lineOfHidden(kinds.slice(MAX_TOLD))];
}

function lineOf(kind: Kind): Line {
  const { first, subjects, count } = kind;
  const { code, subject = '' } = first;
  const message = first.message.replace(subject, () => enumerate([...subjects]));
  // If every subject occurred once, the list of subjects already says how often.
  const times = count > subjects.size ? ` (${formatQuantity(count, 'time')})` : '';
  return { code, message, count, kinds: [kind], text: `${message}${times}` };
}

function lineOfHidden(kinds: readonly Kind[]): Line {
  const { code } = kinds[0]!.first;
  const count = kinds.reduce((sum, kind) => sum + kind.count, 0);
  const message = `and ${formatCount(count)} more problems of kind ${code}`;
  return { code, message, count, kinds, text: message };
}
