export interface CargoPart {
  /** Begins with the verb when one was typed. */
  cargo: readonly string[];
  /** Undefined when the line has no separator for it. */
  program: readonly string[] | undefined;
}
