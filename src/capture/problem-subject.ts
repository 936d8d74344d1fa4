/** The file or process that a message of the sampler is about: a path before a colon, or `process N`. */
export function subjectOfMessage(message: string): string | undefined {
  return /^(\/.*?|\[[^\]]*\]): /.exec(message)?.[1] ?? /\bprocess \d+\b/.exec(message)?.[0];
}
