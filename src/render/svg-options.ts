export interface SvgOptions {
  /** What was profiled. */
  readonly title: string;
  /** The quality line. How many frames are hidden is added to it. */
  readonly subtitle: string;
  /** Why this picture may be wrong: shown in a marked box, one paragraph each. */
  readonly warnings?: readonly string[];
  /** Source files below this folder are shown from there. */
  readonly sourceRoot?: string;
}
