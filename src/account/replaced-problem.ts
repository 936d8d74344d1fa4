import type { Problem } from './problem-list.js';

/** A file whose content is not the one that was profiled, nor to be had any more. */
export function replacedProblem(path: string): Problem {
  const message = `${path}: written over while it was profiled; frames of what it was have no names (:replaced)`;
  return { code: 'file-replaced', message, subject: path };
}
