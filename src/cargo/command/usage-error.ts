/** What was typed cannot be carried out. `message`: what, and why it fails; `advice`: what to type instead (may be empty). */
export class UsageError extends Error {
  override readonly name = 'UsageError';

  constructor(
    message: string,
    readonly advice = '',
  ) {
    super(message);
  }
}
