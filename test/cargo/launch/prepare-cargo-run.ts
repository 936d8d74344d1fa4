import { planCargoRun } from '../../../src/cargo/build/cargo-plan.js';
import type { ProfileSelection } from '../../../src/cargo/build/derived-profile.js';
import { buildCargoRun, type CargoRun } from '../../../src/cargo/launch/cargo-run.js';
import { type CargoRequest, readCargoProject } from '../../../src/cargo/project/cargo-project.js';

/** Reads, plans and builds, as the surface does one after the other; `notes` are what the user would read. */
export async function prepareCargoRun({
  ourProfile,
  ...request
}: CargoRequest & { ourProfile?: ProfileSelection }): Promise<CargoRun & { notes: string[] }> {
  const plan = await planCargoRun(await readCargoProject(request), ourProfile);
  const notes: string[] = [];
  return { ...(await buildCargoRun(plan, (line) => notes.push(line))), notes };
}
