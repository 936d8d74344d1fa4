/** A process that came under observation by itself: through the gate, or by pid. */
export interface RootProcess {
  /** Its samples, and those of all that descend from it, carry this number. */
  root: number;
  pid: number;
  executable: string;
  /** How its binary is called: `package::bin/name` or the file's name. */
  binaryName: string;
  /** A program that rustdoc has made of documentation. */
  isDoctest?: boolean | undefined;
  /** The only test that it runs, where its launcher has said so; whatever it does is that test's. */
  testName?: string | undefined;
  /** The names of all its tests, where they have been listed. */
  testNames?: readonly string[] | undefined;
}

/** The root of samples whose process descends from none that is known. */
export const UNKNOWN_PROCESS = '[unknown process]';
