import { realpathSync } from 'node:fs';
import { basename } from 'node:path';
import type { Problem } from '../../../account/problems/problem-list.js';
import type { ObservedProcess } from '../../../capture/capture-session.js';
import type { SampledWork } from '../../sampled-work.js';

/** With fewer samples, a program may have spent all its time in the loader. */
const MIN_SAMPLES = 20;

/**
 * Programs without a single frame in any sample, although every complete stack of a program starts in it: a runner such as
 * qemu or valgrind read them and ran other code instead.
 *
 * @param programOf absolute path of the program that a process was to run, after the user's runner
 */
export function emulationProblems(
  work: SampledWork,
  processes: readonly ObservedProcess[],
  programOf: (process: ObservedProcess) => string | undefined,
): Problem[] {
  return processes.flatMap((process): Problem[] => {
    const program = programOf(process);
    if (program === undefined || program === process.executable) return [];
    const isInside = [...work.filesOf(process.root)].some((path) => isSameFile(path, program));
    if (work.samplesOf(process.root) < MIN_SAMPLES || isInside) return [];
    const runner = basename(process.executable);
    const message = `${basename(program)} ran under ${runner}, and no frame is its own: the profile shows ${runner}, not the program`;
    return [{ code: 'emulated', message }];
  });
}

function isSameFile(path: string, other: string): boolean {
  try {
    return path === other || realpathSync(path) === realpathSync(other);
  } catch {
    return false;
  }
}
