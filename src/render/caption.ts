/** The texts of a picture besides its frames. */
export interface Caption {
  /** The profiled target. */
  readonly title: string;
  /** The quality line; the number of hidden frames is appended. */
  readonly subtitle: string;
  /** Why this flamegraph may be wrong: shown in a marked box, one paragraph each. */
  readonly warnings?: readonly string[];
  /** Source files below this folder are shown relative to it. */
  readonly sourceRoot?: string;
}
