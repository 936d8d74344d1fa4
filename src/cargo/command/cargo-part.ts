export interface CargoPart {
  /** Starts with the verb if one was typed. */
  cargo: readonly string[];
  /** Undefined if the line has no separator before it. */
  program: readonly string[] | undefined;
}
