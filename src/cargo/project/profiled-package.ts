import { flagsNamed, hasFlag } from '../command/cargo-flags.js';
import type { CargoVerb } from '../command/cargo-verb.js';
import { chooseRunTarget, selectedPackages } from './choose-run-target.js';
import type { MetadataPackage, WorkspaceMetadata } from './metadata.js';

/**
 * The package whose settings apply: the one with the target that `cargo run` would run, or the only one that `cargo test`
 * or `cargo bench` selects. Undefined if there are several, or only cargo can tell.
 */
export function profiledPackage(
  metadata: WorkspaceMetadata,
  verb: CargoVerb,
  args: readonly string[],
): MetadataPackage | undefined {
  const packages = verb === 'run' ? runPackages(metadata, args) : testedPackages(metadata, args);
  return packages.length === 1 ? packages[0] : undefined;
}

function runPackages(metadata: WorkspaceMetadata, args: readonly string[]): MetadataPackage[] {
  const choice = chooseRunTarget(metadata, args);
  if (choice.kind !== 'chosen') return [];
  const [target] = flagsNamed([...args, ...choice.flags], '--bin', '--example');
  const kind = target?.name === '--example' ? 'example' : 'bin';
  return (selectedPackages(metadata, args) ?? []).filter(({ targets }) =>
    targets.some(({ name, kinds }) => name === target?.value && kinds.includes(kind)),
  );
}

function testedPackages(metadata: WorkspaceMetadata, args: readonly string[]): MetadataPackage[] {
  if (!hasFlag(args, '--workspace')) return selectedPackages(metadata, args) ?? [];
  const excluded = flagsNamed(args, '--exclude').map(({ value }) => value);
  return metadata.members.filter(({ name }) => !excluded.includes(name));
}
