/** A process observed directly: through the gate, or by pid. */
export interface RootProcess {
  /** Samples of the process and of all its descendants carry this number. */
  root: number;
  pid: number;
  executable: string;
  /** `package::bin/name`, or the file's name. */
  binaryName: string;
  /** A program that rustdoc compiled from documentation. */
  isDoctest?: boolean | undefined;
  /** The only test that it runs, if its launcher says so; all its work belongs to that test. */
  testName?: string | undefined;
  /** The names of all its tests, if they were listed. */
  testNames?: readonly string[] | undefined;
}

/** The root of samples whose process descends from no known process. */
export const UNKNOWN_PROCESS = '[unknown process]';
