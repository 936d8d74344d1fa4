import { hasFlag } from '../command/cargo-flags.js';
import type { CargoProject } from './cargo-project.js';
import { chooseRunTarget, selectedPackages } from './choose-run-target.js';
import type { MetadataPackage, MetadataTarget, WorkspaceMetadata } from './metadata.js';

export type ProfilableKind = 'bin' | 'example' | 'test' | 'bench' | 'doctest';

/** A target of the workspace that can be profiled. */
export interface ProfilableTarget {
  kind: ProfilableKind;
  /** The name of cargo's target; for unit tests, the library's or binary's. */
  name: string;
  package: string;
  version: string;
  /** Unit tests are inside the library or binary, integration tests outside. */
  isUnitTest: boolean;
  /** Profiled if the user chooses nothing. */
  isDefault: boolean;
  requiredFeatures: string[];
  /** Cargo's part of a command line that profiles only it. */
  cargoArgs: string[];
}

/**
 * The targets of the workspace's packages, or of those given by `-p`, in cargo's order of packages; within one: bins,
 * examples, tests, benches.
 */
export function profilableTargets({ metadata, command }: CargoProject): ProfilableTarget[] {
  const choice = chooseRunTarget(metadata, command.args);
  const chosenBin = choice.kind === 'chosen' ? choice.flags[1] : undefined;
  const isNamed = hasFlag(command.args, '--package');
  const members = (isNamed ? selectedPackages(metadata, command.args) : undefined) ?? metadata.members;
  return members.flatMap((member) =>
    KINDS.flatMap((kind) =>
      member.targets
        .filter((target) => isOfKind(kind, target))
        .map((target) => describe(kind, target, member)),
    ),
  );

  function describe(kind: Kind, target: MetadataTarget, owner: MetadataPackage): ProfilableTarget {
    const { flag, verb } = FLAGS[kind];
    const { requiredFeatures } = target;
    const choose = flag === '--lib' || flag === '--doc' ? [flag] : [flag, target.name];
    const features = requiredFeatures.length > 0 ? ['--features', requiredFeatures.join(',')] : [];
    return {
      kind: kind === 'lib-test' || kind === 'bin-test' ? 'test' : kind,
      name: target.name,
      package: owner.name,
      version: owner.version,
      isUnitTest: kind === 'lib-test' || kind === 'bin-test',
      isDefault: kind === 'bin' && target.name === chosenBin && isSelected(owner, metadata),
      requiredFeatures,
      cargoArgs: [...verb, ...packageFlag(kind, target, owner, metadata), ...choose, ...features],
    };
  }
}

type Kind = 'bin' | 'example' | 'lib-test' | 'bin-test' | 'test' | 'doctest' | 'bench';

const KINDS: readonly Kind[] = ['bin', 'example', 'lib-test', 'bin-test', 'test', 'doctest', 'bench'];

const FLAGS: Record<Kind, { verb: string[]; flag: string }> = {
  bin: { verb: [], flag: '--bin' },
  example: { verb: [], flag: '--example' },
  'lib-test': { verb: ['test'], flag: '--lib' },
  'bin-test': { verb: ['test'], flag: '--bin' },
  test: { verb: ['test'], flag: '--test' },
  doctest: { verb: ['test'], flag: '--doc' },
  bench: { verb: ['bench'], flag: '--bench' },
};

function isOfKind(kind: Kind, { kinds, isTested, hasDocTests }: MetadataTarget): boolean {
  const isLibrary = !kinds.some((one) => ['bin', 'example', 'test', 'bench', 'custom-build'].includes(one));
  if (kind === 'lib-test') return isLibrary && isTested;
  if (kind === 'doctest') return isLibrary && hasDocTests;
  if (kind === 'bin-test') return kinds.includes('bin') && isTested;
  return kinds.includes(kind);
}

/** Empty if the name alone is unambiguous in this directory. */
function packageFlag(
  kind: Kind,
  target: MetadataTarget,
  owner: MetadataPackage,
  metadata: WorkspaceMetadata,
): string[] {
  if (metadata.members.length === 1) return [];
  const isRun = kind === 'bin' || kind === 'example';
  const sharing = metadata.defaultMembers.filter(({ targets }) =>
    targets.some((other) => other.name === target.name && other.kinds.includes(kind)),
  );
  return isRun && sharing.length === 1 && isSelected(owner, metadata) ? [] : ['-p', owner.name];
}

function isSelected(owner: MetadataPackage, { defaultMembers }: WorkspaceMetadata): boolean {
  return defaultMembers.some(({ id }) => id === owner.id);
}
