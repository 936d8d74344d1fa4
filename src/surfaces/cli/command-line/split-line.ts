/** Our flags, and what follows them. */
export interface SplitLine {
  ours: readonly string[];
  cargo?: readonly string[];
  program?: readonly string[] | undefined;
  /** The command as typed, for help and corrected lines. */
  invokedAs?: string;
}

/** The grammar of `profile-bee`: flags, and a command after `--`. */
export function splitProfilerLine(argv: readonly string[]): SplitLine {
  const dashes = argv.indexOf('--');
  return dashes < 0 ? { ours: argv } : { ours: argv.slice(0, dashes), program: argv.slice(dashes + 1) };
}
