import type { RawBatch } from '../capture/raw-profile.js';
import type { Symbolizer } from '../ffi/symbolizer.js';
import type { Grouping } from './grouping/grouping.js';
import type { PackageRoot } from './origin.js';
import { type BuiltProfile, ProfileAssembler } from './profile-assembler.js';

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
