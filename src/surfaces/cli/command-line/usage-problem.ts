/** What was typed cannot be carried out. `advice` is what to type instead (may be empty). */
export class UsageProblem extends Error {
  override readonly name = 'UsageProblem';

  constructor(
    message: string,
    readonly advice = '',
  ) {
    super(message);
  }
}
