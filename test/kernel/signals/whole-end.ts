import { whatIsLeftBehind } from '../running/left-behind.js';
import { type ProfiledRun, readFiles, wholeProfile } from '../running/run-bee.js';
import type { RunningBee } from '../running/running-bee.js';

/** The run's end, and that its outputs are whole. */
export async function wholeEnd(run: RunningBee, expectedCode = 0): Promise<ProfiledRun> {
  const { code, signal } = await run.ended;
  const { scratch } = run;
  const files = readFiles(scratch);
  const leftBehind = await whatIsLeftBehind(scratch);
  return wholeProfile(
    { code, signal, stdout: '', stderr: run.said(), scratch, leftBehind, ...files },
    expectedCode,
  );
}
