import type { Problem } from './problem-list.js';

/** A file whose profiled content was overwritten and cannot be recovered. */
export function replacedProblem(path: string): Problem {
  const message = `${path}: overwritten during the run; frames of its old content cannot be symbolized (:replaced)`;
  return { code: 'file-replaced', message, subject: path };
}
