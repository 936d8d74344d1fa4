import { basename } from 'node:path';
import type { ObservedProcess } from '../../capture/capture-session.js';
import { doctestId } from '../../cargo/build/binary-id.js';
import { nextestTestName } from '../../cargo/harness/nextest-test-name.js';
import type { CargoTarget } from '../../cargo/launch/cargo-run.js';
import type { RootProcess } from '../../symbolize/grouping/root-process.js';
import type { PackageRoot } from '../../symbolize/origin.js';

/** The root name of a process and its children, and what is known about the tests that it runs. */
export type ProcessGroup = Omit<RootProcess, 'root' | 'pid' | 'executable'> & { executable?: string };

/** By its file's name, without the mark of a replaced file. */
export function groupOfFile({ executable, pid }: ObservedProcess): ProcessGroup {
  return { binaryName: basename(executable).replace(/ \(deleted\)$/, '') || `pid ${pid}` };
}

/** A process that cargo started: a target by its binary id, a documentation example by its package. */
export function cargoGroupOf(
  process: ObservedProcess,
  target: CargoTarget | undefined,
  of: {
    isDoctest: boolean;
    isNextest: boolean;
    packages: readonly PackageRoot[];
    testNames?: readonly string[] | undefined;
  },
): ProcessGroup {
  if (target !== undefined) {
    const testName = of.isNextest ? nextestTestName(process.argv) : undefined;
    // With a runner of the user, the process started as another program.
    const { binaryId: binaryName, executable } = target;
    return { binaryName, executable, testName, ...(of.testNames && { testNames: of.testNames }) };
  }
  if (!of.isDoctest) return groupOfFile(process);
  // rustdoc runs them in their package's directory.
  const owner = of.packages.find(({ directory }) => directory === process.cwd);
  return { binaryName: doctestId(owner?.name), isDoctest: true };
}
