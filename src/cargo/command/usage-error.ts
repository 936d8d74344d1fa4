/** The command line cannot be carried out. `message`: what fails and why; `advice`: what to type instead (may be empty). */
export class UsageError extends Error {
  override readonly name = 'UsageError';

  constructor(
    message: string,
    readonly advice = '',
  ) {
    super(message);
  }
}
