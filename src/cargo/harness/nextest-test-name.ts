/**
 * The test that a process of cargo-nextest runs, from its arguments: `… BINARY --exact NAME --nocapture`, after any runner;
 * undefined for other processes (its `--list` calls). Use it only for processes that nextest started: a user's own
 * `--exact` reaches harnesses that have no such test.
 */
export function nextestTestName(argv: readonly string[]): string | undefined {
  const at = argv.indexOf('--exact');
  return at > 0 && argv[at + 2] === '--nocapture' ? argv[at + 1] : undefined;
}
