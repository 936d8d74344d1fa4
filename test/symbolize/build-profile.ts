import type { RawBatch } from '../../src/capture/raw-profile.js';
import type { Symbolizer } from '../../src/ffi/symbolizer.js';
import type { Grouping } from '../../src/symbolize/grouping/grouping.js';
import type { PackageRoot } from '../../src/symbolize/origin.js';
import { type BuiltProfile, ProfileAssembler } from '../../src/symbolize/profile-assembler.js';

/** The profile of a run that is over. Rejects as the symbolizer does. */
export async function buildProfile(
  raw: RawBatch,
  symbolizer: Symbolizer,
  packages: readonly PackageRoot[],
  grouping?: Grouping,
): Promise<BuiltProfile> {
  const assembler = new ProfileAssembler(symbolizer, packages);
  await assembler.add(raw);
  return assembler.snapshot(grouping);
}
