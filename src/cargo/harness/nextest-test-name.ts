/**
 * The test that a process of cargo-nextest runs, by its arguments: `… BINARY --exact NAME --nocapture`, behind whatever
 * runner; undefined for others (its calls of `--list`). Only for processes that nextest has started: a user's own
 * `--exact` reaches harnesses that have no such test.
 */
export function nextestTestName(argv: readonly string[]): string | undefined {
  const at = argv.indexOf('--exact');
  return at > 0 && argv[at + 2] === '--nocapture' ? argv[at + 1] : undefined;
}
