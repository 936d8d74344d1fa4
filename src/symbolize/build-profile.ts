import type { RawProfile, RawSample } from '../capture/raw-profile.js';
import type { ResolvedAddresses, Symbolizer, SymbolProblem } from '../ffi/symbolizer.js';
import type { Profile } from '../profile/profile.js';
import { ProfileBuilder } from '../profile/profile.js';
import { type AddressSet, collectAddresses } from './address-set.js';
import type { FrameStatistics } from './frame-statistics.js';
import { addGroupFrame, type Grouping, groupNames } from './grouping/grouping.js';
import type { FramesOf, NamedFrame } from './grouping/libtest-stack.js';
import { OriginClassifier, type PackageRoot } from './origin.js';
import { frameChains } from './resolved-chains.js';
import { addSampleStack } from './sample-stack.js';
import { StatisticsCounter } from './statistics-counter.js';

export interface BuiltProfile {
  profile: Profile;
  statistics: FrameStatistics;
  /** Samples under each root, by its name; undefined without roots. */
  groups: ReadonlyMap<string, number> | undefined;
  /** Files whose symbols could not be read. */
  problems: readonly SymbolProblem[];
  /** Paths of files overwritten while mapped, so that their frames cannot be symbolized. */
  replacedFiles: readonly string[];
}

const UNGROUPED: Grouping = { by: 'none', processes: [], hasAllStarters: true };

/** Symbolizes every address once, then replays the samples. Rejects as the symbolizer does. */
export async function buildProfile(
  raw: RawProfile,
  symbolizer: Symbolizer,
  packages: readonly PackageRoot[],
  grouping: Grouping = UNGROUPED,
): Promise<BuiltProfile> {
  const addresses = collectAddresses(raw.samples);
  const resolved = await symbolizer.symbolize(addresses.entries());
  const builder = new ProfileBuilder();
  const chains = frameChains(addresses, resolved, raw.objects, new OriginClassifier(packages), builder);
  const counter = new StatisticsCounter();
  const names = groupNames(raw.samples, grouping, namedFrames(addresses, resolved));
  for (const sample of raw.samples) {
    const name = names?.get(sample);
    const group = name === undefined ? undefined : addGroupFrame(builder, name);
    addSampleStack(builder, sample, addresses, chains, group);
    counter.count(sample, addresses, chains);
  }
  const groups = names && countsOf(names);
  const { problems } = resolved;
  const { replacedFiles } = counter;
  return { profile: builder.finish(), statistics: counter.statistics(), groups, problems, replacedFiles };
}

function namedFrames(addresses: AddressSet, resolved: ResolvedAddresses): FramesOf {
  const known: NamedFrame[][] = [];
  return function* ({ pid, userFrames }) {
    for (let position = userFrames.length - 1; position >= 0; position--) {
      const index = addresses.addUser(userFrames[position]!, pid);
      known[index] ??= resolved.framesAt(index).toReversed();
      yield* known[index];
    }
  };
}

function countsOf(names: ReadonlyMap<RawSample, string>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const [{ count }, name] of names) counts.set(name, (counts.get(name) ?? 0) + count);
  return counts;
}
