import { realpathSync } from 'node:fs';
import { basename } from 'node:path';
import type { Problem } from '../../../account/problems/problem-list.js';
import type { ObservedProcess } from '../../../capture/capture-session.js';
import type { RawProfile } from '../../../capture/raw-profile.js';
import { frameObject } from '../../../ffi/stack-record.js';

/** With fewer samples, a program may have spent all its time in the loader. */
const MIN_SAMPLES = 20;

/**
 * Programs without a single frame in any sample, although every complete stack of a program starts in it: a runner such as
 * qemu or valgrind read them and ran other code instead.
 *
 * @param programOf absolute path of the program that a process was to run, after the user's runner
 */
export function emulationProblems(
  { samples, objects }: RawProfile,
  processes: readonly ObservedProcess[],
  programOf: (process: ObservedProcess) => string | undefined,
): Problem[] {
  return processes.flatMap((process): Problem[] => {
    const program = programOf(process);
    if (program === undefined || program === process.executable) return [];
    const own = samples.filter(({ root }) => root === process.root);
    const count = own.reduce((sum, sample) => sum + sample.count, 0);
    const ids = new Set(objects.filter(({ path }) => isSameFile(path, program)).map(({ id }) => id));
    const isInside = own.some(({ userFrames }) => userFrames.some((word) => ids.has(frameObject(word))));
    if (count < MIN_SAMPLES || isInside) return [];
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
