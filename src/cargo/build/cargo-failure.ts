/**
 * Cargo ended the run before the program started: a compile error, no Cargo.toml, no such binary, `--help`. `exitCode` is
 * cargo's own (128+n after signal n). With `stderrShown`, cargo has already printed what is wrong, and only the advice
 * (which may be empty) is left to print.
 */
export class CargoFailure extends Error {
  override readonly name = 'CargoFailure';

  constructor(
    message: string,
    readonly exitCode: number,
    readonly stderrShown: boolean,
    readonly advice = '',
  ) {
    super(message);
  }
}
