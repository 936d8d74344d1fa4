import type { RawProfile } from '../capture/raw-profile.js';
import type { Symbolizer, SymbolProblem } from '../ffi/symbolizer.js';
import type { Profile } from '../profile/profile.js';
import { ProfileBuilder } from '../profile/profile.js';
import { collectAddresses } from './address-set.js';
import { type FrameStatistics, StatisticsCounter } from './frame-statistics.js';
import { OriginClassifier, type PackageRoot } from './origin.js';
import { frameChains } from './resolved-chains.js';
import { addSampleStack } from './sample-stack.js';

export interface BuiltProfile {
  profile: Profile;
  statistics: FrameStatistics;
  /** Files whose symbols could not be read. */
  problems: readonly SymbolProblem[];
}

/** Names every address once, then replays the samples over the names. Rejects as the symbolizer does. */
export async function buildProfile(
  raw: RawProfile,
  symbolizer: Symbolizer,
  packages: readonly PackageRoot[],
): Promise<BuiltProfile> {
  const addresses = collectAddresses(raw.samples);
  const resolved = await symbolizer.symbolize(addresses.entries());
  const builder = new ProfileBuilder();
  const chains = frameChains(addresses, resolved, raw.objects, new OriginClassifier(packages), builder);
  const counter = new StatisticsCounter();
  for (const sample of raw.samples) {
    addSampleStack(builder, sample, addresses, chains);
    counter.count(sample, addresses, chains);
  }
  return { profile: builder.finish(), statistics: counter.statistics(), problems: resolved.problems };
}
