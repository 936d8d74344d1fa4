/** A command line that means nothing to us. `message`: what was typed and why it fails; `hint`: what to type instead. */
export class UsageError extends Error {
  override readonly name = 'UsageError';

  constructor(
    message: string,
    readonly hint: string,
  ) {
    super(message);
  }
}
